package cli

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// recordingFiles is a recording on disk: a folder, or a part of a .zip file.
type recordingFiles struct {
	name  string // as the user would name it
	files fs.FS
}

// recordings lists the folders that hold a manifest, at or below the arguments or in .zip files, in order of their
// names: that is also the order in which a run takes its scenarios.
func recordings(args []string) ([]recordingFiles, error) {
	var all []recordingFiles
	for _, arg := range args {
		root, err := recordingRoot(arg)
		if err != nil {
			return nil, err
		}
		found, err := manifestsIn(root, arg)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("%s: no recording here; give the folder that `geiger run --record` wrote, or a .zip of it", arg)
		}
		all = append(all, found...)
	}
	if len(all) == 0 {
		return nil, errors.New("no recordings")
	}
	return all, nil
}

// recordingRoot opens a folder, or a .zip file as if it were one.
func recordingRoot(name string) (fs.FS, error) {
	if filepath.Ext(name) != ".zip" {
		return os.DirFS(name), nil
	}
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return z, nil
}

func manifestsIn(root fs.FS, name string) ([]recordingFiles, error) {
	var found []recordingFiles
	err := fs.WalkDir(root, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() != "manifest.json" {
			return err
		}
		files, err := fs.Sub(root, path.Dir(file))
		found = append(found, recordingFiles{filepath.Join(name, filepath.FromSlash(path.Dir(file))), files})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return found, nil
}
