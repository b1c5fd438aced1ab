package powershell

import (
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

func directoryMethods() methods {
	list := func(keep func(f host.File) bool) method {
		return pathArg(1, func(in *interp, path string, args []any) (any, error) {
			files, err := in.k.ReadDirectory(in.p, path)
			if err != nil {
				return nil, win32(err, path)
			}
			pattern := "*"
			if len(args) > 1 {
				pattern = in.str(args[1])
			}
			out := &Array{Type: stringArray}
			for _, f := range files {
				if keep(f) && (pattern == "*.*" || wildcard(pattern, false).MatchString(f.Name())) {
					out.Items = append(out.Items, f.Path)
				}
			}
			return out, nil
		})
	}
	return methods{
		"getfiles": list(func(f host.File) bool { return !f.IsDirectory() }), "getdirectories": list(host.File.IsDirectory), "getfilesystementries": list(func(host.File) bool { return true }),
		"exists": func(in *interp, _ any, args []any) (any, error) {
			f, err := in.k.Stat(in.p, in.netPath(args0(args)))
			return err == nil && f.IsDirectory(), nil
		},
		"createdirectory": pathArg(1, func(in *interp, path string, _ []any) (any, error) {
			f, err := in.makeDirectories(path)
			if err != nil {
				return nil, err
			}
			return fileObject(f), nil
		}),
		"delete": pathArg(1, func(in *interp, path string, args []any) (any, error) {
			return void{}, in.removeTree(path, len(args) > 1 && truth(args[1]))
		}),
		"getcurrentdirectory": func(in *interp, _ any, _ []any) (any, error) { return in.p.Dir, nil },
		"setcurrentdirectory": pathArg(1, func(in *interp, path string, _ []any) (any, error) {
			in.p.Dir = path
			return void{}, nil
		}),
	}
}

// makeDirectories creates a directory with those above it.
func (in *interp) makeDirectories(path string) (host.File, error) {
	if f, err := in.k.Stat(in.p, withRoot(path)); err == nil {
		return f, nil
	}
	if parent := host.Parent(path); parent != path {
		if _, err := in.makeDirectories(parent); err != nil {
			return host.File{}, err
		}
	}
	if err := in.k.MakeDirectory(in.p, path); err != nil {
		return host.File{}, win32(err, path)
	}
	f, err := in.k.Stat(in.p, path)
	if err != nil {
		return host.File{}, win32(err, path)
	}
	return f, nil
}

// removeTree deletes a file or directory.
func (in *interp) removeTree(path string, recurse bool) error {
	f, err := in.k.Stat(in.p, path)
	if err != nil {
		return win32(err, path)
	}
	if !f.IsDirectory() {
		if err := in.k.DeleteFile(in.p, path); err != nil {
			return win32(err, path)
		}
		return nil
	}
	if recurse {
		files, err := in.k.ReadDirectory(in.p, path)
		if err != nil {
			return win32(err, path)
		}
		for _, child := range files {
			if err := in.removeTree(child.Path, true); err != nil {
				return err
			}
		}
	}
	if err := in.k.RemoveDirectory(in.p, path); err != nil {
		return win32(err, path)
	}
	return nil
}

func pathMethods() methods {
	text := func(f func(in *interp, s string) any) method {
		return one(func(in *interp, v any) (any, error) { return f(in, strings.ReplaceAll(in.str(v), "/", `\`)), nil })
	}
	return methods{
		"combine": func(in *interp, _ any, args []any) (any, error) {
			path := in.str(args0(args))
			for _, a := range args[min(1, len(args)):] {
				s := in.str(a)
				switch {
				case s == "":
				case path == "" || strings.HasPrefix(s, `\`) || len(s) > 1 && s[1] == ':':
					path = s
				default:
					path = strings.TrimRight(path, `\`) + `\` + s
				}
			}
			return path, nil
		},
		"getfilename": text(func(_ *interp, s string) any { return host.Base(s) }), "getextension": text(func(_ *interp, s string) any { return rawExt(s) }),
		"getfilenamewithoutextension": text(func(_ *interp, s string) any { return strings.TrimSuffix(host.Base(s), rawExt(s)) }),
		"getdirectoryname":            text(func(_ *interp, s string) any { return host.Parent(s) }), "getfullpath": text(func(in *interp, s string) any { return in.netPath(s) }),
		"changeextension": func(in *interp, _ any, args []any) (any, error) {
			s := in.str(args0(args))
			ext := ""
			if len(args) > 1 {
				ext = in.str(args[1])
			}
			if ext != "" && ext[0] != '.' {
				ext = "." + ext
			}
			return strings.TrimSuffix(s, rawExt(s)) + ext, nil
		},
		"hasextension": text(func(_ *interp, s string) any { return rawExt(s) != "" }), "ispathrooted": text(func(_ *interp, s string) any { return strings.HasPrefix(s, `\`) || len(s) > 1 && s[1] == ':' }),
		"getpathroot": text(func(_ *interp, s string) any { return s[:min(3, len(s))] }),
		"gettemppath": func(in *interp, _ any, _ []any) (any, error) {
			return strings.TrimRight(in.p.Env.Get("TEMP"), `\`) + `\`, nil
		},
		"gettempfilename": func(in *interp, _ any, _ []any) (any, error) {
			path := host.Join(in.p.Env.Get("TEMP"), "tmp"+strings.ToUpper(in.newGUID()[:4])+".tmp")
			if err := in.k.WriteFile(in.p, path, nil, kernel.CreateNew); err != nil {
				return nil, win32(err, path)
			}
			return path, nil
		},
		"getrandomfilename": func(in *interp, _ any, _ []any) (any, error) {
			return in.rand.Text("abcdefghijklmnopqrstuvwxyz012345", 8) + "." + in.rand.Text("abcdefghijklmnopqrstuvwxyz012345", 3), nil
		},
	}
}
