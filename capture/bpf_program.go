package capture

import (
	"errors"

	"golang.org/x/net/bpf"
)

// program is a classic BPF program under construction. Its jumps name labels:
// a conditional one reaches 255 instructions only, so it steps over an
// unconditional one, which reaches all of them.
type program struct {
	code   []bpf.Instruction
	jumps  []jump
	labels []int // where each was placed
}

// label is a place to jump to, further down: classic BPF knows no way back.
type label int

type jump struct {
	at int // of code
	to label
}

// Scratch cells of a filter.
const (
	cellKeep  = iota // of copies between the registers
	cellIP           // where the IP header begins
	cellProto        // protocol of the transport header
	cellPart         // not 0: of a fragmented datagram
	cellHash         // of the two addresses
)

const maxProgram = 4096 // instructions, BPF_MAXINSNS

var errProgramSize = errors.New("more instructions than the kernel takes")

func (p *program) add(code ...bpf.Instruction) { p.code = append(p.code, code...) }

// later gives a label to be placed.
func (p *program) later() label {
	p.labels = append(p.labels, -1)
	return label(len(p.labels) - 1)
}

func (p *program) place(l label) { p.labels[l] = len(p.code) }

func (p *program) jump(to label) {
	p.jumps = append(p.jumps, jump{len(p.code), to})
	p.add(bpf.Jump{})
}

// when jumps if A compares so with val.
func (p *program) when(cond bpf.JumpTest, val uint32, to label) {
	p.add(bpf.JumpIf{Cond: cond, Val: val, SkipFalse: 1})
	p.jump(to)
}

// is jumps if A is one of vals.
func (p *program) is(to label, vals ...uint32) {
	for _, v := range vals {
		p.when(bpf.JumpEqual, v, to)
	}
}

// load puts size octets at X+off into A. Where the frame is too short, the
// kernel drops it: the decoder would as well.
func (p *program) load(off uint32, size int) { p.add(bpf.LoadIndirect{Off: off, Size: size}) }

// store puts A into a cell.
func (p *program) store(cell int) { p.add(bpf.StoreScratch{Src: bpf.RegA, N: cell}) }

// forward adds n to X. A stays.
func (p *program) forward(n uint32) {
	p.store(cellKeep)
	p.add(bpf.TXA{}, bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: n}, bpf.TAX{}, bpf.LoadScratch{Dst: bpf.RegA, N: cellKeep})
}

// toIP sets X to the IP header.
func (p *program) toIP() { p.add(bpf.LoadScratch{Dst: bpf.RegX, N: cellIP}) }

// finish puts the distances into the jumps.
func (p *program) finish() ([]bpf.Instruction, error) {
	if len(p.code) > maxProgram {
		return nil, errProgramSize
	}
	for _, j := range p.jumps {
		p.code[j.at] = bpf.Jump{Skip: uint32(p.labels[j.to] - j.at - 1)}
	}
	return p.code, nil
}
