package capture

// LiveConfig says what to watch, and how.
type LiveConfig struct {
	// Interfaces are names of network interfaces; "any" stands for all of them,
	// those to come as well, as cooked frames. The frames of several are one
	// stream, in the order of their times: two taps may be the two directions of
	// one line.
	Interfaces []string
	Workers    int     // sources to deal the frames out to; 0: 1
	Filter     *Filter // what is of interest; nil: everything
	Snaplen    int     // octets of a frame that are kept; 0: 262144, which is the most
	// RingSize is octets of memory an interface for frames that wait, dealt out to
	// the workers; 0: 32 MiB. Each gets whole blocks of 512 KiB, two at least.
	RingSize int
	// Promiscuous takes frames that are for other hosts, as those of a mirror
	// port are. "any" has no such mode.
	Promiscuous bool
}

// Interface "any" is all interfaces.
const anyInterface = "any"

// Link is the state of a watched interface.
type Link struct {
	Name    string
	Up      bool   // it exists, is up, and its frames arrive here. Next gives ErrIdle where it is not, and picks it up when it comes back
	Carrier bool   // a cable is in it, or whatever stands for one
	Downs   uint64 // times it was found down, or gone, since it was opened
	Missed  uint64 // frames its card lost before the kernel saw them, since it was opened: the same for every worker
	Stats   Stats
}

// Interface is one that could be watched.
type Interface struct {
	Name        string
	Index       int
	Up, Running bool     // it was switched on; it has a carrier
	Link        uint16   // LINKTYPE_ value of the frames it would give
	Addresses   []string // with their prefix lengths
	Description string   // what it is, in words, and its alias where the administrator gave it one
}
