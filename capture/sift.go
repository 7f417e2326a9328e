package capture

// Sifted gives the frames of files that somebody wants, and tells how many others
// there were. It is to one reader what Shared is to several, and reads in his
// goroutine.
type Sifted struct {
	files  *Sequence
	route  func(*Frame) int
	left   Left
	chosen bool
}

// Sift reads files for one reader. route says of each frame whether it is wanted:
// 0 or ToAll, or ToNone if not.
func Sift(files *Sequence, route func(*Frame) int) *Sifted {
	return &Sifted{files: files, route: route}
}

// Next implements Source.
func (s *Sifted) Next(f *Frame) error {
	s.left = Left{}
	for {
		if err := s.files.Next(f); err != nil {
			return err
		}
		to := s.route(f)
		if to != ToNone {
			s.chosen = to != ToAll
			return nil
		}
		s.left.add(f)
	}
}

// Left tells of the frames that nobody wanted and that came before the one that
// Next gave last, or before its error.
func (s *Sifted) Left() *Left { return &s.left }

// Chosen says whether route said 0 of the frame that Next gave last.
func (s *Sifted) Chosen() bool { return s.chosen }

// Stats implements Source: of all frames.
func (s *Sifted) Stats() (Stats, error) { return s.files.Stats() }

// Close implements Source.
func (s *Sifted) Close() error { return s.files.Close() }
