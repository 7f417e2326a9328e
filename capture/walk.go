package capture

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Walk gives the capture files that paths mean, in the order given: a file and
// "-" stand for themselves, a folder for the capture files in it and in the
// folders below, in name order. What is a capture is told by content, so other
// files may lie beside them. A path that does not exist or cannot be read, or
// a folder without any capture, is an error.
func Walk(paths []string) (files []string, err error) {
	for _, path := range paths {
		if path == stdin {
			files = append(files, path)
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if info.IsDir() {
			found, err := walkFolder(path)
			if err != nil {
				return nil, err
			}
			files = append(files, found...)
			continue
		}
		if _, err := isCapture(path, info); err != nil {
			return nil, err
		}
		files = append(files, path)
	}
	return files, nil
}

func walkFolder(folder string) (files []string, err error) {
	// The separator makes WalkDir enter a folder that is named by a link. It
	// enters none below, so there are no loops.
	err = filepath.WalkDir(folder+string(filepath.Separator), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a link to nowhere, or rotated away just now
		}
		if err != nil {
			return err
		}
		ok, err := isCapture(path, info)
		if ok {
			files = append(files, path)
		}
		return err
	})
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("%s: no capture file (pcap, pcapng, gzip or zstd of either) in this folder", folder)
	}
	return files, err
}

// isCapture tells whether path is a regular file that may be a capture. One
// that is too damaged to tell, may: passed over in silence, it would look like
// a capture in which nothing was found. The error is that of opening it.
func isCapture(path string, info fs.FileInfo) (bool, error) {
	if !info.Mode().IsRegular() {
		return false, nil // opening a pipe would wait for its writer
	}
	disk, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer func() { _ = disk.Close() }() // only read
	in, packed, err := unpack(disk, 4<<10)
	if err != nil {
		return true, nil
	}
	defer func() { _ = packed.Close() }()
	_, err = newReader(in)
	return !errors.Is(err, ErrNotCapture), nil
}

// ByFirstPacket sorts files by the time of the first frame in each, for sets
// whose names do not sort by time (tcpdump's -C without -W: cap, cap1, cap10,
// cap2). Those without one (empty, unreadable, pipes, standard input) come
// last; equals stay in the order given. It returns a new slice.
func ByFirstPacket(files []string) []string {
	type entry struct {
		path  string
		first time.Time
	}
	entries := make([]entry, len(files))
	for i, path := range files {
		entries[i] = entry{path, firstPacket(path)}
	}
	slices.SortStableFunc(entries, func(a, b entry) int {
		if a.first.IsZero() != b.first.IsZero() {
			if a.first.IsZero() {
				return 1
			}
			return -1
		}
		return a.first.Compare(b.first)
	})
	sorted := make([]string, len(entries))
	for i, e := range entries {
		sorted[i] = e.path
	}
	return sorted
}

// firstPacket gives the time of the first frame of path; zero: none.
func firstPacket(path string) time.Time {
	var f Frame
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() || path == stdin {
		return f.Time
	}
	src, err := OpenFile(path)
	if err != nil {
		return f.Time
	}
	_ = src.Next(&f) // wipes f if there is none
	_ = src.Close()
	return f.Time
}
