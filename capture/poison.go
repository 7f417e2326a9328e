package capture

// Poison gives the frames of src, each in memory of its own that is
// overwritten with 0xDB at the next Next or Close. It is for tests: whoever
// keeps borrowed octets without copying them then reads poison, where a real
// source might happen to leave them as they were.
func Poison(src Source) Source { return &poisoned{src: src} }

type poisoned struct {
	src  Source
	lent []byte
}

// Next implements Source.
func (p *poisoned) Next(f *Frame) error {
	p.spoil()
	err := p.src.Next(f)
	if err == nil {
		// Not used again: an old loan must stay poisoned.
		p.lent = append([]byte(nil), f.Data...)
		f.Data = p.lent
	}
	return err
}

// Stats implements Source.
func (p *poisoned) Stats() (Stats, error) { return p.src.Stats() }

// Close implements Source.
func (p *poisoned) Close() error {
	p.spoil()
	return p.src.Close()
}

func (p *poisoned) spoil() {
	for i := range p.lent {
		p.lent[i] = 0xDB
	}
	p.lent = nil
}
