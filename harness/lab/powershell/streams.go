package powershell

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// memory is a System.IO.MemoryStream.
type memory struct {
	data []byte
	pos  int
}

func (m *memory) Read(p []byte) (int, error) {
	if m.pos >= len(m.data) {
		return 0, io.EOF
	}
	n := copy(p, m.data[m.pos:])
	m.pos += n
	return n, nil
}

func (m *memory) Write(p []byte) (int, error) {
	if len(m.data) > 4*maxText {
		return 0, exception("System.OutOfMemoryException", "Insufficient memory to continue the execution of the program.")
	}
	if n := m.pos + len(p) - len(m.data); n > 0 {
		m.data = append(m.data, make([]byte, n)...)
	}
	copy(m.data[m.pos:], p)
	m.pos += len(p)
	return len(p), nil
}

// fileWriter is a FileStream that is open for writing.
type fileWriter struct {
	f    *kernel.File
	size int
}

func (w *fileWriter) Write(p []byte) (int, error) {
	w.size += len(p)
	return w.f.Write(p)
}

func (w *fileWriter) Close() error { return w.f.Close() }

// packed is a compression stream over another.
type packed struct {
	io.Reader
	w    io.WriteCloser
	base any
}

func (p *packed) Write(b []byte) (int, error) {
	if p.w == nil {
		return 0, exception("System.InvalidOperationException", "Writing to the compression stream is not supported.")
	}
	return p.w.Write(b)
}

func (p *packed) Close() error {
	if p.w == nil {
		return nil
	}
	return p.w.Close()
}

// lazyGzip opens the decompressor on the first read, as .NET does.
type lazyGzip struct {
	src io.Reader
	r   *gzip.Reader
}

func (l *lazyGzip) Read(p []byte) (int, error) {
	if l.r == nil {
		r, err := gzip.NewReader(l.src)
		if errors.Is(err, io.EOF) {
			return 0, io.EOF
		}
		if err != nil {
			return 0, exception("System.IO.InvalidDataException", "The magic number in GZip header is not correct. Make sure you are passing in a GZip stream.")
		}
		l.r = r
	}
	n, err := l.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = exception("System.IO.InvalidDataException", "The archive entry was compressed using an unsupported compression method.")
	}
	return n, err
}

func netError(err error) error {
	if e, ok := errors.AsType[*Exception](err); ok {
		return e
	}
	return exception("System.IO.IOException", "%s", err)
}

func streamClass(name string) *class {
	return &class{name: name, bases: []string{"System.IO.Stream"}, props: []prop{
		{name: "Length", get: func(_ *interp, o *Object) any { return int64(streamLength(o.data)) }},
		{name: "Position", get: func(_ *interp, o *Object) any {
			if m, ok := o.data.(*memory); ok {
				return int64(m.pos)
			}
			return int64(0)
		}, set: func(in *interp, o *Object, v any) error {
			m, ok := o.data.(*memory)
			n, err := in.int(v)
			if ok && err == nil && n >= 0 && n <= len(m.data) {
				m.pos = n
			}
			return err
		}},
		{name: "CanRead", get: func(_ *interp, o *Object) any { _, ok := o.data.(io.Reader); return ok }},
		{name: "CanWrite", get: func(_ *interp, o *Object) any { _, ok := o.data.(io.Writer); return ok }},
	}, methods: map[string]method{
		"toarray": streamBytes, "read": streamRead, "write": streamWrite, "writebyte": streamWrite, "readbyte": streamReadByte, "close": streamClose,
		"dispose": streamClose, "flush": nothing, "copyto": streamCopy, "seek": streamSeek, "setlength": nothing,
	}}
}

func nothing(*interp, any, []any) (any, error) { return void{}, nil }

func streamLength(data any) int {
	switch s := data.(type) {
	case *memory:
		return len(s.data)
	case *fileWriter:
		return s.size
	}
	return 0
}

func streamBytes(_ *interp, self any, _ []any) (any, error) {
	if m, ok := self.(*Object).data.(*memory); ok {
		return newBytes(m.data), nil
	}
	return nil, exception("System.NotSupportedException", "Specified method is not supported.")
}

func streamRead(in *interp, self any, args []any) (any, error) {
	r, ok := self.(*Object).data.(io.Reader)
	buf, isArray := args0(args).(*Array)
	if !ok || !isArray || len(args) < 3 {
		return nil, exception("System.NotSupportedException", "Stream does not support reading.")
	}
	offset, err := in.int(args[1])
	if err != nil {
		return nil, err
	}
	count, err := in.int(args[2])
	if err != nil || offset < 0 || count < 0 || offset+count > len(buf.Items) {
		return nil, exception("System.ArgumentException", "Offset and length were out of bounds for the array.")
	}
	tmp := make([]byte, count)
	n, rerr := io.ReadFull(r, tmp)
	for i := range n {
		buf.Items[offset+i] = tmp[i]
	}
	if rerr != nil && !errors.Is(rerr, io.EOF) && !errors.Is(rerr, io.ErrUnexpectedEOF) {
		return nil, netError(rerr)
	}
	return int32(n), nil //nolint:gosec // bounded
}

func streamReadByte(_ *interp, self any, _ []any) (any, error) {
	r, ok := self.(*Object).data.(io.Reader)
	var b [1]byte
	if !ok {
		return nil, exception("System.NotSupportedException", "Stream does not support reading.")
	}
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return int32(-1), nil //nolint:nilerr // the end of the stream
	}
	return int32(b[0]), nil
}

func streamWrite(in *interp, self any, args []any) (any, error) {
	w, ok := self.(*Object).data.(io.Writer)
	if !ok {
		return nil, exception("System.NotSupportedException", "Stream does not support writing.")
	}
	data, err := in.bytes(args0(args))
	if err != nil {
		return nil, err
	}
	if len(args) == 3 {
		from, err1 := in.int(args[1])
		n, err2 := in.int(args[2])
		if err1 != nil || err2 != nil || from < 0 || n < 0 || from+n > len(data) {
			return nil, exception("System.ArgumentException", "Offset and length were out of bounds for the array.")
		}
		data = data[from : from+n]
	}
	if _, err := w.Write(data); err != nil {
		return nil, netError(err)
	}
	return void{}, nil
}

// streamClose closes a stream and the one below it.
func streamClose(in *interp, self any, _ []any) (any, error) {
	o, _ := self.(*Object)
	if c, ok := o.data.(io.Closer); ok {
		if err := c.Close(); err != nil {
			return nil, netError(err)
		}
	}
	if p, ok := o.data.(*packed); ok {
		if _, ok := p.base.(*Object); ok {
			return streamClose(in, p.base, nil)
		}
	}
	return void{}, nil
}

func streamCopy(_ *interp, self any, args []any) (any, error) {
	r, ok := self.(*Object).data.(io.Reader)
	target, isObject := args0(args).(*Object)
	if !ok || !isObject {
		return nil, exception("System.NotSupportedException", "Stream does not support reading.")
	}
	w, ok := target.data.(io.Writer)
	if !ok {
		return nil, exception("System.NotSupportedException", "Stream does not support writing.")
	}
	if _, err := io.Copy(w, io.LimitReader(r, 4*maxText)); err != nil {
		return nil, netError(err)
	}
	return void{}, nil
}

func streamSeek(in *interp, self any, args []any) (any, error) {
	m, ok := self.(*Object).data.(*memory)
	n, err := in.int(args0(args))
	if ok && err == nil && n >= 0 && n <= len(m.data) {
		m.pos = n
	}
	return int64(n), err
}

func newMemoryStream(in *interp, _ any, args []any) (any, error) {
	m := &memory{}
	if a, ok := args0(args).(*Array); ok {
		data, err := in.bytes(a)
		if err != nil {
			return nil, err
		}
		m.data = data
	}
	return newObject(streamClass("System.IO.MemoryStream"), m), nil
}

// newPacked makes a GZipStream or DeflateStream.
func newPacked(name string) method {
	return func(in *interp, _ any, args []any) (any, error) {
		base, ok := args0(args).(*Object)
		if !ok || len(args) < 2 {
			return nil, exception("System.ArgumentNullException", "Value cannot be null.\r\nParameter name: stream")
		}
		p := &packed{base: base}
		gz := strings.HasSuffix(name, "GZipStream")
		if strings.EqualFold(in.str(args[1]), "Decompress") {
			r, ok := base.data.(io.Reader)
			if !ok {
				return nil, exception("System.ArgumentException", "Stream does not support reading.\r\nParameter name: stream")
			}
			if p.Reader = flate.NewReader(r); gz {
				p.Reader = &lazyGzip{src: r}
			}
			return newObject(streamClass(name), p), nil
		}
		w, ok := base.data.(io.Writer)
		if !ok {
			return nil, exception("System.ArgumentException", "Stream does not support writing.\r\nParameter name: stream")
		}
		if gz {
			p.w = gzip.NewWriter(w)
		} else {
			p.w, _ = flate.NewWriter(w, flate.DefaultCompression)
		}
		return newObject(streamClass(name), p), nil
	}
}

// textReader is a StreamReader or the console's input.
type textReader struct {
	r    *bufio.Reader
	base any
}

func readerClass() *class {
	return &class{name: "System.IO.StreamReader", bases: []string{"System.IO.TextReader"}, props: []prop{
		{name: "EndOfStream", get: func(_ *interp, o *Object) any {
			_, err := o.data.(*textReader).r.Peek(1)
			return err != nil
		}},
	}, methods: map[string]method{
		"readtoend": readToEnd, "readtoendasync": asTask(readToEnd), "readline": readLine, "close": nothing, "dispose": nothing,
		"read": readChar, "peek": func(_ *interp, self any, _ []any) (any, error) {
			b, err := self.(*Object).data.(*textReader).r.Peek(1)
			if err != nil {
				return int32(-1), nil //nolint:nilerr // the end of the stream
			}
			return int32(b[0]), nil
		},
	}}
}

func readToEnd(in *interp, self any, _ []any) (any, error) {
	in.out.flush()
	data, err := io.ReadAll(io.LimitReader(self.(*Object).data.(*textReader).r, 8*maxText))
	if err != nil {
		return nil, netError(err)
	}
	return decodeText(data, "utf8"), nil
}

func readLine(in *interp, self any, _ []any) (any, error) {
	in.out.flush()
	line, err := self.(*Object).data.(*textReader).r.ReadString('\n')
	if err != nil && line == "" {
		return nil, nil //nolint:nilerr // the end of the stream
	}
	return strings.TrimRight(line, "\r\n"), nil
}

func readChar(_ *interp, self any, _ []any) (any, error) {
	r, _, err := self.(*Object).data.(*textReader).r.ReadRune()
	if err != nil {
		return int32(-1), nil //nolint:nilerr // the end of the stream
	}
	return r, nil
}

// newReader makes a StreamReader over a stream or a file.
func newReader(in *interp, _ any, args []any) (any, error) {
	if o, ok := args0(args).(*Object); ok {
		r, ok := o.data.(io.Reader)
		if !ok {
			return nil, exception("System.ArgumentException", "Stream was not readable.")
		}
		return newObject(readerClass(), &textReader{r: bufio.NewReader(r), base: o}), nil
	}
	path := in.netPath(args0(args))
	data, err := in.k.ReadFile(in.p, path)
	if err != nil {
		return nil, win32(err, path)
	}
	return newObject(readerClass(), &textReader{r: bufio.NewReader(strings.NewReader(decodeText(data, "")))}), nil
}

// textWriter is a StreamWriter or one of the console's outputs.
type textWriter struct {
	w        io.Writer
	base     any
	encoding string
	text     bool // w is a console: no encoding
	newline  string
}

func writerClass() *class {
	return &class{name: "System.IO.StreamWriter", bases: []string{"System.IO.TextWriter"}, props: []prop{
		{name: "AutoFlush", get: func(*interp, *Object) any { return true }, set: func(*interp, *Object, any) error { return nil }},
		{name: "NewLine", get: func(_ *interp, o *Object) any { return o.data.(*textWriter).newline }, set: func(in *interp, o *Object, v any) error {
			o.data.(*textWriter).newline = in.str(v)
			return nil
		}},
		{name: "BaseStream", get: func(_ *interp, o *Object) any { return o.data.(*textWriter).base }},
	}, methods: map[string]method{"write": writeText(""), "writeline": writeText("\r\n"), "flush": nothing, "close": closeWriter, "dispose": closeWriter}}
}

func writeText(end string) method {
	return func(in *interp, self any, args []any) (any, error) {
		w, _ := self.(*Object).data.(*textWriter)
		s := in.str(args0(args))
		if len(args) > 1 {
			f, err := in.format(s, args[1:])
			if err != nil {
				return nil, err
			}
			s = in.str(f)
		}
		if end != "" {
			s += w.newline
		}
		data := []byte(s)
		if !w.text {
			data = encodeText(s, w.encoding)
		} else {
			in.out.flush()
		}
		if _, err := w.w.Write(data); err != nil {
			return nil, netError(err)
		}
		return void{}, nil
	}
}

func closeWriter(in *interp, self any, _ []any) (any, error) {
	w, _ := self.(*Object).data.(*textWriter)
	if _, ok := w.base.(*Object); ok {
		return streamClose(in, w.base, nil)
	}
	return void{}, nil
}

// newWriter makes a StreamWriter over a stream or a file.
func newWriter(in *interp, _ any, args []any) (any, error) {
	w := &textWriter{encoding: "utf8nobom", newline: "\r\n"}
	appending := false
	for _, a := range args[min(1, len(args)):] {
		if b, ok := a.(bool); ok {
			appending = b
		}
		if o, ok := a.(*Object); ok {
			w.encoding, _ = o.data.(string)
		}
	}
	base, ok := args0(args).(*Object)
	if !ok {
		stream, err := in.openFile(in.netPath(args0(args)), appending)
		if err != nil {
			return nil, err
		}
		base = stream
	}
	if w.w, ok = base.data.(io.Writer); !ok {
		return nil, exception("System.ArgumentException", "Stream was not writable.")
	}
	w.base = base
	return newObject(writerClass(), w), nil
}

func (in *interp) openFile(path string, appending bool) (*Object, error) {
	d := kernel.CreateAlways
	if appending {
		d = kernel.OpenAlways
	}
	f, err := in.k.Create(in.p, path, d)
	if err != nil {
		return nil, win32(err, path)
	}
	if appending {
		f.SeekEnd()
	}
	return newObject(streamClass("System.IO.FileStream"), &fileWriter{f: f}), nil
}

// asTask runs a method and gives a finished task.
func asTask(m method) method {
	return func(in *interp, self any, args []any) (any, error) {
		v, err := m(in, self, args)
		if err != nil {
			return nil, err
		}
		return taskObject(func(*interp) any { return v }, func(*interp, int) bool { return true }), nil
	}
}

// taskObject is a System.Threading.Tasks.Task.
func taskObject(result func(in *interp) any, wait func(in *interp, milliseconds int) bool) *Object {
	done := func(in *interp, _ *Object) any { return wait(in, 0) }
	return newObject(&class{name: "System.Threading.Tasks.Task`1[System.String]", bases: []string{"System.Threading.Tasks.Task"}, props: []prop{
		{name: "Result", get: func(in *interp, _ *Object) any {
			wait(in, -1)
			return result(in)
		}},
		{name: "IsCompleted", get: done},
		{name: "IsFaulted", get: func(*interp, *Object) any { return false }},
		{name: "IsCanceled", get: func(*interp, *Object) any { return false }},
	}, methods: map[string]method{"wait": func(in *interp, _ any, args []any) (any, error) {
		ms := -1
		if len(args) > 0 {
			n, err := in.int(args[0])
			if err != nil {
				return nil, err
			}
			ms = n
		}
		return wait(in, ms), nil
	}}}, nil)
}
