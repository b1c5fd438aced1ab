package powershell

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

func archiveCmdlets() []*cmdlet {
	return []*cmdlet{
		{name: "Compress-Archive", params: "Path:s*@0^~ LiteralPath|PSPath:s*~ DestinationPath:s@1! CompressionLevel:s Update:b Force:b", begin: gather, process: archivePlaces, end: compressArchive},
		{name: "Expand-Archive", params: "Path:s@0^~ LiteralPath|PSPath:s~ DestinationPath:s@1 Force:b", process: expandArchive},
	}
}

func archivePlaces(c *call) error {
	places, err := c.targets(true)
	if err != nil {
		return err
	}
	items, _ := c.state.(*[]any)
	for _, p := range places {
		if p.provider == fileSystem {
			*items = append(*items, p.path)
		}
	}
	return nil
}

// archivePath checks the name of an archive; one without extension gets .zip when it is written.
func (c *call) archivePath(name string, write bool) (string, error) {
	full, err := c.filePath(name)
	if err != nil {
		return "", err
	}
	if write && host.Ext(full) == "" {
		full += ".zip"
	}
	if !strings.EqualFold(host.Ext(full), ".zip") {
		return "", newError("System.IO.IOException", "NotSupportedArchiveFileExtension", "InvalidArgument", "%s is not a supported archive file format. .zip is the only supported archive file format.", host.Ext(full))
	}
	return full, nil
}

func compressArchive(c *call) error {
	full, err := c.archivePath(c.text("DestinationPath"), true)
	if err != nil {
		return err
	}
	if c.flag("Update") {
		c.unsupported("parameter", "Compress-Archive -Update", "not simulated")
		return newError("System.NotSupportedException", "ArchiveUpdate", "NotImplemented", "The archive file %s cannot be updated.", full)
	}
	if _, err := c.k.Stat(c.p, full); err == nil && !c.flag("Force") {
		return newError("System.IO.IOException", "ArchiveFileExists", "InvalidArgument", "The archive file %s already exists. Use the -Update parameter to update the existing archive file or use the "+
			"-Force parameter to overwrite the existing archive file.", full)
	}
	items := c.gathered()
	if len(items) == 0 {
		return nil // the path was reported already
	}
	var data bytes.Buffer
	w := zip.NewWriter(&data)
	for _, item := range items {
		path, _ := item.(string)
		if err := c.addToArchive(w, path, host.Base(path)); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	if err := c.k.WriteFile(c.p, full, data.Bytes(), kernel.CreateAlways); err != nil {
		return win32(err, full)
	}
	return nil
}

// addToArchive adds a file or a tree. The module of Windows PowerShell separates the parts of a name by backslashes.
func (c *call) addToArchive(w *zip.Writer, path, name string) error {
	if err := c.work(1); err != nil {
		return err
	}
	f, err := c.k.Stat(c.p, path)
	if err != nil {
		return win32(err, path)
	}
	if f.IsDirectory() {
		files, err := c.k.ReadDirectory(c.p, path)
		if err != nil {
			return win32(err, path)
		}
		for _, f := range files {
			if err := c.addToArchive(w, f.Path, name+`\`+f.Name()); err != nil {
				return err
			}
		}
		return nil
	}
	data, err := c.k.ReadFile(c.p, path)
	if err != nil {
		return win32(err, path)
	}
	entry, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: f.Modified})
	if err != nil {
		return err
	}
	_, err = entry.Write(data)
	return err
}

func expandArchive(c *call) error {
	full, err := c.archivePath(c.text("Path")+c.text("LiteralPath"), false)
	if err != nil {
		return err
	}
	data, err := c.k.ReadFile(c.p, full)
	if err != nil {
		return c.failPath(err, full, "ExpandArchive")
	}
	to := c.text("DestinationPath")
	if to == "" {
		to = host.Join(c.location, strings.TrimSuffix(host.Base(full), host.Ext(full)))
	}
	if to, err = c.filePath(to); err != nil {
		return err
	}
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return newError("System.IO.InvalidDataException", "MethodInvocationException", "InvalidData", "End of Central Directory record could not be found.")
	}
	if _, err := c.makeDirectories(to); err != nil {
		return win32(err, to)
	}
	for _, f := range r.File {
		if err := c.expandFile(f, full, to); err != nil {
			return err
		}
	}
	return nil
}

// expandFile writes one file of an archive, below the destination only.
func (c *call) expandFile(f *zip.File, archive, to string) error {
	if err := c.work(1); err != nil {
		return err
	}
	name := strings.ReplaceAll(f.Name, "/", `\`)
	path, ok := host.Absolute(to, name)
	if !ok || !strings.HasPrefix(strings.ToLower(path), strings.ToLower(strings.TrimSuffix(to, `\`))+`\`) {
		return newError("System.IO.IOException", "ExpandArchiveOutside", "InvalidData", "Extracting Zip entry would have resulted in a file outside the specified destination directory.")
	}
	if strings.HasSuffix(name, `\`) {
		_, err := c.makeDirectories(path)
		return err
	}
	if _, err := c.makeDirectories(host.Parent(path)); err != nil {
		return win32(err, path)
	}
	if _, err := c.k.Stat(c.p, path); err == nil && !c.flag("Force") {
		return c.fail(newError("System.IO.IOException", "ExpandArchiveFileExists", "WriteError", "Failed to create file '%s' while expanding the archive file '%s' contents as the file '%s' already exists. "+
			"Use the -Force parameter if you want to overwrite the existing directory '%s' contents when expanding the archive file.", path, archive, path, to).on(path))
	}
	r, err := f.Open()
	if err != nil {
		return newError("System.IO.InvalidDataException", "MethodInvocationException", "InvalidData", "The archive entry was compressed using an unsupported compression method.")
	}
	data, err := io.ReadAll(io.LimitReader(r, maxText))
	if err != nil {
		return newError("System.IO.InvalidDataException", "MethodInvocationException", "InvalidData", "The archive entry is damaged.")
	}
	if err := c.k.WriteFile(c.p, path, data, kernel.CreateAlways); err != nil {
		return win32(err, path)
	}
	return nil
}
