package detect

// portClass says what a port is watched for.
type portClass uint8

const (
	portOther portClass = iota // not watched, or by content only
	portLDAP
	portLDAPS
)

// Ports says which ports are watched. It is asked twice a frame, so it answers
// without a search and is small enough for a processor's innermost cache.
type Ports struct {
	any     bool
	classes [1 << 16 / 4]uint8 // two bits each
}

// NewPorts gives those of a configuration.
func NewPorts(cfg *Config) *Ports {
	p := &Ports{any: cfg.AnyPort}
	ports, tlsPorts := cfg.Ports, cfg.TLSPorts
	if ports == nil {
		ports = []uint16{389, 3268}
	}
	if tlsPorts == nil {
		tlsPorts = []uint16{636, 3269}
	}
	for _, port := range ports {
		p.set(port, portLDAP)
	}
	for _, port := range tlsPorts {
		p.set(port, portLDAPS)
	}
	return p
}

// Watches says whether an Engine has a use for segments with these ports. It need
// not be shown others: for their frames Tick is enough.
func (p *Ports) Watches(src, dst uint16) bool {
	return p.any || p.class(src)|p.class(dst) != portOther
}

func (p *Ports) class(port uint16) portClass {
	return portClass(p.classes[port/4] >> (port % 4 * 2) & 3)
}

func (p *Ports) set(port uint16, c portClass) {
	p.classes[port/4] = p.classes[port/4]&^(3<<(port%4*2)) | uint8(c)<<(port%4*2)
}
