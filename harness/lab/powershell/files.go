package powershell

import (
	"maps"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// fileState is the state of a FileInfo or DirectoryInfo.
type fileState struct{ file host.File }

func fileProp(name string, get func(f host.File) any) prop {
	return prop{name: name, get: func(_ *interp, o *Object) any {
		s, _ := o.data.(*fileState)
		return get(s.file)
	}}
}

// timeProp is a settable file time, local or UTC.
func timeProp(name string, utc bool, get func(f *host.File) *time.Time) prop {
	p := prop{name: name, get: func(_ *interp, o *Object) any {
		s, _ := o.data.(*fileState)
		t := get(&s.file).Truncate(100)
		if utc {
			return t.UTC()
		}
		return t.In(localZone())
	}}
	p.set = func(in *interp, o *Object, v any) error {
		c, err := in.cast(v, &TypeRef{name: "System.DateTime"})
		if err != nil {
			return err
		}
		t, _ := c.(time.Time)
		s, _ := o.data.(*fileState)
		var change host.File
		*get(&change) = t
		*get(&s.file) = t
		if err := in.k.SetTimes(in.p, s.file.Path, change.Created, change.Modified, change.Accessed); err != nil {
			return win32(err, s.file.Path)
		}
		return nil
	}
	return p
}

func fileClass(dir bool) *class {
	created, modified, accessed := func(f *host.File) *time.Time { return &f.Created }, func(f *host.File) *time.Time { return &f.Modified }, func(f *host.File) *time.Time { return &f.Accessed }
	c := &class{name: "System.IO.FileInfo", bases: []string{"System.IO.FileSystemInfo"}, text: func(_ *interp, o *Object) string { return o.data.(*fileState).file.Path }}
	if dir {
		c.name = "System.IO.DirectoryInfo"
	}
	c.props = []prop{
		fileProp("Name", func(f host.File) any { return nameOf(f) }),
		fileProp("FullName", func(f host.File) any { return f.Path }),
		fileProp("Exists", func(host.File) any { return true }),
		fileProp("Extension", func(f host.File) any { return rawExt(f.Path) }),
		fileProp("BaseName", func(f host.File) any { return strings.TrimSuffix(nameOf(f), rawExt(f.Path)) }),
		timeProp("CreationTime", false, created), timeProp("CreationTimeUtc", true, created), timeProp("LastWriteTime", false, modified),
		timeProp("LastWriteTimeUtc", true, modified), timeProp("LastAccessTime", false, accessed), timeProp("LastAccessTimeUtc", true, accessed),
		attributesProp(),
		fileProp("Mode", func(f host.File) any { return fileMode(f) }),
		fileProp("PSIsContainer", func(f host.File) any { return f.IsDirectory() }),
		fileProp("PSPath", func(f host.File) any { return place{fileSystem, f.Path}.psPath() }),
		fileProp("PSParentPath", func(f host.File) any { return place{fileSystem, host.Parent(f.Path)}.psPath() }),
		fileProp("PSChildName", func(f host.File) any { return nameOf(f) }),
		fileProp("PSProvider", func(host.File) any { return `Microsoft.PowerShell.Core\FileSystem` }),
		fileProp("PSDrive", func(f host.File) any { return f.Path[:1] }),
	}
	if dir {
		c.props = append(c.props, parentProp("Parent"), fileProp("Root", func(f host.File) any { return f.Path[:3] }))
		return c
	}
	c.props = append(c.props,
		fileProp("Length", func(f host.File) any { return f.Size() }), fileProp("DirectoryName", func(f host.File) any { return host.Parent(f.Path) }), parentProp("Directory"),
		fileProp("IsReadOnly", func(f host.File) any { return f.Attributes&host.ReadOnly != 0 }), fileProp("VersionInfo", func(f host.File) any { return versionInfo(f) }))
	c.methods = map[string]method{"delete": func(in *interp, self any, _ []any) (any, error) {
		f := self.(*Object).data.(*fileState).file
		if err := in.k.DeleteFile(in.p, f.Path); err != nil {
			return nil, win32(err, f.Path)
		}
		return void{}, nil
	}}
	return c
}

func attributesProp() prop {
	p := fileProp("Attributes", func(f host.File) any {
		return newEnum("System.IO.FileAttributes", attributeNames(f.Attributes), int64(f.Attributes))
	})
	p.set = func(in *interp, o *Object, v any) error {
		s, _ := o.data.(*fileState)
		var a host.Attributes
		for part := range strings.SplitSeq(in.str(v), ",") {
			a |= map[string]host.Attributes{"readonly": host.ReadOnly, "hidden": host.Hidden, "system": host.SystemBit, "archive": host.Archive}[strings.ToLower(strings.TrimSpace(part))]
		}
		if err := in.k.SetAttributes(in.p, s.file.Path, a); err != nil {
			return win32(err, s.file.Path)
		}
		s.file.Attributes = s.file.Attributes&host.Directory | a
		return nil
	}
	return p
}

func parentProp(name string) prop {
	return prop{name: name, get: func(in *interp, o *Object) any {
		s, _ := o.data.(*fileState)
		f, err := in.k.Stat(in.p, host.Parent(s.file.Path))
		if err != nil {
			return nil
		}
		return fileObject(f)
	}}
}

func fileObject(f host.File) *Object { return newObject(fileClass(f.IsDirectory()), &fileState{f}) }

func nameOf(f host.File) string {
	if len(f.Path) <= 3 {
		return f.Path
	}
	return f.Name()
}

// rawExt is the extension as written.
func rawExt(path string) string {
	name := host.Base(path)
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return name[i:]
	}
	return ""
}

func fileMode(f host.File) string {
	mode := []byte("------")
	for i, a := range []host.Attributes{host.Directory, host.Archive, host.ReadOnly, host.Hidden, host.SystemBit} {
		if f.Attributes&a != 0 {
			mode[i] = "darhs"[i]
		}
	}
	return string(mode)
}

func attributeNames(a host.Attributes) string {
	var out []string
	for _, n := range []struct {
		a    host.Attributes
		name string
	}{{host.ReadOnly, "ReadOnly"}, {host.Hidden, "Hidden"}, {host.SystemBit, "System"}, {host.Directory, "Directory"}, {host.Archive, "Archive"}} {
		if a&n.a != 0 {
			out = append(out, n.name)
		}
	}
	if out == nil {
		return "Normal"
	}
	return strings.Join(out, ", ")
}

func versionInfo(f host.File) *Object {
	v := f.Version
	if v == nil {
		v = &host.Version{}
	}
	return record("System.Diagnostics.FileVersionInfo", "ProductVersion", v.FileVersion, "FileVersion", v.FileVersion, "FileName", f.Path,
		"FileDescription", v.Description, "ProductName", v.Product, "CompanyName", v.Company, "OriginalFilename", v.OriginalFileName)
}

// fileStatics are System.IO.File, Directory, Path and the Info types.
func fileStatics() []*static {
	info := func(dir bool) method {
		return one(func(in *interp, v any) (any, error) {
			path := in.netPath(v)
			f, err := in.k.Stat(in.p, path)
			if err != nil {
				return record("System.IO.FileInfo", "FullName", path, "Name", host.Base(path), "Exists", false), nil //nolint:nilerr // an Info of a missing file
			}
			_ = dir
			return fileObject(f), nil
		})
	}
	return []*static{
		{name: "System.IO.File", methods: fileMethods()},
		{name: "System.IO.Directory", methods: directoryMethods()},
		{name: "System.IO.Path", methods: pathMethods(), values: values{
			"DirectorySeparatorChar": func(*interp) any { return Char('\\') }, "PathSeparator": func(*interp) any { return Char(';') },
		}},
		{name: "System.IO.FileInfo", create: info(false), cast: func(in *interp, v any) (any, error) { return info(false)(in, nil, []any{v}) }},
		{name: "System.IO.DirectoryInfo", create: info(true), cast: func(in *interp, v any) (any, error) { return info(true)(in, nil, []any{v}) }},
		{name: "System.IO.FileStream", create: newFileStream},
	}
}

func newFileStream(in *interp, _ any, args []any) (any, error) {
	path := in.netPath(args0(args))
	mode := "open"
	if len(args) > 1 {
		mode = strings.ToLower(in.str(args[1]))
	}
	d, write := map[string]kernel.Disposition{"create": kernel.CreateAlways, "createnew": kernel.CreateNew, "truncate": kernel.TruncateExisting, "openorcreate": kernel.OpenAlways, "append": kernel.OpenAlways}[mode]
	if !write {
		return in.openRead(path)
	}
	f, err := in.k.Create(in.p, path, d)
	if err != nil {
		return nil, win32(err, path)
	}
	if mode == "append" {
		f.SeekEnd()
	}
	return newObject(streamClass("System.IO.FileStream"), &fileWriter{f: f}), nil
}

func (in *interp) openRead(path string) (any, error) {
	data, err := in.k.ReadFile(in.p, path)
	if err != nil {
		return nil, win32(err, path)
	}
	return newObject(streamClass("System.IO.FileStream"), &memory{data: data}), nil
}

// pathArg adapts a method whose first argument is a path and which needs n arguments.
func pathArg(n int, f func(in *interp, path string, args []any) (any, error)) method {
	return func(in *interp, _ any, args []any) (any, error) {
		if len(args) < n {
			return nil, exception("System.ArgumentException", "Cannot find an overload with the argument count: \"%d\".", len(args))
		}
		if in.str(args[0]) == "" {
			return nil, exception("System.ArgumentException", "Empty path name is not legal.")
		}
		return f(in, in.netPath(args[0]), args)
	}
}

func encodingArg(args []any, i int) string {
	if len(args) > i {
		if o, ok := args[i].(*Object); ok {
			s, _ := o.data.(string)
			return s
		}
	}
	return "utf8nobom"
}

func fileMethods() methods {
	write := func(appending, lines bool) method {
		return pathArg(2, func(in *interp, path string, args []any) (any, error) {
			text := in.str(args[1])
			if lines {
				text = ""
				for _, item := range asList(args[1]) {
					text += in.str(item) + "\r\n"
				}
			}
			return void{}, in.writeText(path, text, encodingArg(args, 2), appending)
		})
	}
	read := func(f func(in *interp, data []byte, encoding string) any) method {
		return pathArg(1, func(in *interp, path string, args []any) (any, error) {
			data, err := in.k.ReadFile(in.p, path)
			if err != nil {
				return nil, win32(err, path)
			}
			return f(in, data, encodingArg(args, 1)), nil
		})
	}
	m := methods{
		"writealltext": write(false, false), "appendalltext": write(true, false), "writealllines": write(false, true), "appendalllines": write(true, true),
		"writeallbytes": pathArg(2, func(in *interp, path string, args []any) (any, error) {
			data, err := in.bytes(args[1])
			if err != nil {
				return nil, err
			}
			if err := in.k.WriteFile(in.p, path, data, kernel.CreateAlways); err != nil {
				return nil, win32(err, path)
			}
			return void{}, nil
		}),
		"readalltext": read(func(_ *interp, data []byte, e string) any { return decodeText(data, e) }),
		"readalllines": read(func(_ *interp, data []byte, e string) any {
			return &Array{Type: stringArray, Items: splitLines(decodeText(data, e))}
		}),
		"readallbytes": read(func(_ *interp, data []byte, _ string) any { return newBytes(data) }),
		"exists": func(in *interp, _ any, args []any) (any, error) {
			f, err := in.k.Stat(in.p, in.netPath(args0(args)))
			return err == nil && !f.IsDirectory(), nil
		},
		"delete": pathArg(1, func(in *interp, path string, _ []any) (any, error) {
			if err := in.k.DeleteFile(in.p, path); err != nil && !kernel.IsNotFound(err) {
				return nil, win32(err, path)
			}
			return void{}, nil
		}),
		"copy": pathArg(2, func(in *interp, path string, args []any) (any, error) {
			to := in.netPath(args[1])
			if err := in.k.CopyFile(in.p, path, to, len(args) > 2 && truth(args[2])); err != nil {
				return nil, copyError(err, path, to)
			}
			return void{}, nil
		}),
		"move": pathArg(2, func(in *interp, path string, args []any) (any, error) {
			if err := in.k.RenameFile(in.p, path, in.netPath(args[1])); err != nil {
				return nil, win32(err, path)
			}
			return void{}, nil
		}),
	}
	maps.Copy(m, fileStreamMethods())
	return m
}

// fileStreamMethods are the methods of System.IO.File that open a file or deal with its times.
func fileStreamMethods() methods {
	return methods{
		"openread": pathArg(1, func(in *interp, path string, _ []any) (any, error) { return in.openRead(path) }),
		"opentext": pathArg(1, func(in *interp, _ string, args []any) (any, error) { return newReader(in, nil, args[:1]) }),
		"create":   pathArg(1, func(in *interp, path string, _ []any) (any, error) { return in.openFile(path, false) }),
		"openwrite": pathArg(1, func(in *interp, _ string, args []any) (any, error) {
			return newFileStream(in, nil, []any{args[0], "OpenOrCreate"})
		}),
		"createtext": pathArg(1, func(in *interp, _ string, args []any) (any, error) { return newWriter(in, nil, args[:1]) }),
		"getattributes": pathArg(1, func(in *interp, path string, _ []any) (any, error) {
			f, err := in.k.Stat(in.p, path)
			if err != nil {
				return nil, win32(err, path)
			}
			return newEnum("System.IO.FileAttributes", attributeNames(f.Attributes), int64(f.Attributes)), nil
		}),
		"getlastwritetime": pathArg(1, func(in *interp, path string, _ []any) (any, error) {
			f, err := in.k.Stat(in.p, path)
			if err != nil {
				return nil, win32(err, path)
			}
			return f.Modified.In(localZone()), nil
		}),
		"setcreationtime": setTime(0), "setcreationtimeutc": setTime(0), "setlastwritetime": setTime(1), "setlastwritetimeutc": setTime(1), "setlastaccesstime": setTime(2),
	}
}

// copyError names the file that the copy could not read or write.
func copyError(err error, from, to string) *Exception {
	if code, ok := kernel.CodeOf(err); ok && (code == kernel.FileNotFound || code == kernel.PathNotFound) {
		if e, ok := err.(*kernel.Error); ok && strings.EqualFold(e.Path, from) { //nolint:errorlint // the kernel does not wrap
			return win32(err, from)
		}
	}
	return win32(err, to)
}

func setTime(which int) method {
	return pathArg(2, func(in *interp, path string, args []any) (any, error) {
		c, err := in.cast(args[1], &TypeRef{name: "System.DateTime"})
		if err != nil {
			return nil, err
		}
		var t [3]time.Time
		t[which], _ = c.(time.Time)
		if err := in.k.SetTimes(in.p, path, t[0], t[1], t[2]); err != nil {
			return nil, win32(err, path)
		}
		return void{}, nil
	})
}
