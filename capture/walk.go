package capture

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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
