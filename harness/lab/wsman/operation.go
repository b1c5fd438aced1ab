package wsman

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// operation is one request of an authenticated user.
type operation struct {
	server  *Server
	request *request
	user    *account
	client  string // IP address
	host    string // as the client addressed the server
	secure  bool
}

// answer carries out the operation. invalid is the error of decoding the request, if any.
func (o *operation) answer(ctx context.Context, invalid error) *response {
	answer, fault := o.run(ctx, invalid)
	if fault != nil {
		failed := faultResponse(fault, o.server.options.Computer.NetBIOSComputer)
		if answer != nil {
			failed.finished = answer.finished
		}
		return failed
	}
	return answer
}

func (o *operation) run(ctx context.Context, invalid error) (*response, *Fault) {
	if invalid != nil {
		return nil, faultSchema(invalid)
	}
	if unknown := o.request.NotUnderstood; len(unknown) > 0 {
		return nil, faultNotUnderstood(unknown[0].Local)
	}
	if o.request.Body.Identify != nil {
		return o.server.identify(), nil
	}
	if o.user.restricted {
		return nil, faultAccessDenied()
	}
	if !o.server.countOperation(o.user, 1) {
		return nil, faultQuota(codeQuotaMaxOperations, o.server.quotas.MaxOperationsPerUser, "concurrent operations")
	}
	defer o.server.countOperation(o.user, -1)
	return o.dispatch(ctx)
}

// dispatch chooses by action and resource.
func (o *operation) dispatch(ctx context.Context) (*response, *Fault) {
	action := o.request.Action
	switch action {
	case actionEnumerate, actionPull:
		if o.request.ResourceURI != resourceShell && o.request.ResourceURI != resourceCmd {
			return nil, faultResource(o.request.ResourceURI)
		}
		return o.enumerate()
	case actionCreate, actionGet, actionDelete, actionCommand, actionSend, actionReceive, actionSignal:
	default:
		return nil, faultAction(action)
	}
	if o.request.ResourceURI != resourceCmd {
		return nil, faultResource(o.request.ResourceURI)
	}
	if action == actionCreate {
		return o.create()
	}
	sh, fault := o.shell()
	if fault != nil {
		return nil, fault
	}
	defer func() { sh.end(o.server.options.Now()) }()
	return o.onShell(ctx, sh)
}

// onShell carries out an operation on an open shell.
func (o *operation) onShell(ctx context.Context, sh *shell) (*response, *Fault) {
	switch o.request.Action {
	case actionGet:
		return &response{Action: nsTransfer + "/GetResponse", Body: o.server.describe(sh)}, nil
	case actionDelete:
		if err := o.server.remove(sh); err != nil {
			return nil, faultOf(err)
		}
		return &response{Action: nsTransfer + "/DeleteResponse"}, nil
	case actionCommand:
		return o.command(sh)
	case actionSend:
		return o.send(ctx, sh)
	case actionReceive:
		return o.receive(ctx, sh)
	default:
		return o.signal(sh)
	}
}

// shell finds the shell that the ShellId selector names and keeps it from expiring; the caller must end that. Only the
// user who created a shell may use it.
func (o *operation) shell() (*shell, *Fault) {
	id := o.request.selector("ShellId")
	if id == "" {
		return nil, faultNoSelector()
	}
	sh := o.server.shell(id)
	if sh == nil {
		return nil, faultShellNotFound(id)
	}
	if sh.owner != o.user {
		return nil, faultAccessDenied()
	}
	if !sh.begin() {
		return nil, faultShellNotFound(id)
	}
	return sh, nil
}

// timeout is the OperationTimeout of the request within the limit of the service (MS-WSMV 3.1.4.1.6).
func (o *operation) timeout() time.Duration {
	limit := o.server.quotas.MaxTimeout
	if o.request.OperationTimeout <= 0 {
		return limit
	}
	return min(o.request.OperationTimeout, limit)
}

// create opens a shell (MS-WSMV 3.1.4.5, wxf:Create).
func (o *operation) create() (*response, *Fault) {
	wanted := o.request.Body.Shell
	if wanted == nil {
		return nil, faultSchema(fmt.Errorf("%w: Create without a Shell", errSchema))
	}
	spec, fault := o.shellSpec(wanted)
	if fault != nil {
		return nil, fault
	}
	sh, fault := o.server.open(o.user, spec, strings.TrimSpace(wanted.InputStreams), strings.TrimSpace(wanted.OutputStreams))
	if fault != nil {
		return nil, fault
	}
	scheme := "http"
	if o.secure {
		scheme = "https"
	}
	body := fmt.Sprintf(`<x:ResourceCreated><a:Address>%s://%s%s</a:Address><a:ReferenceParameters><w:ResourceURI>%s</w:ResourceURI>`+
		`<w:SelectorSet><w:Selector Name="ShellId">%s</w:Selector></w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>%s`,
		scheme, escape(o.host), pathService, resourceCmd, spec.ID, o.server.describe(sh))
	return &response{Action: nsTransfer + "/CreateResponse", Body: body}, nil
}

func (o *operation) shellSpec(wanted *shellBody) (ShellSpec, *Fault) {
	spec := ShellSpec{
		User: o.user.name, ClientAddress: o.client, Dir: strings.TrimSpace(wanted.WorkingDirectory),
		NoProfile: o.request.flag("WINRS_NOPROFILE"), IdleTimeout: o.server.quotas.IdleTimeout,
	}
	if text := strings.TrimSpace(wanted.IdleTimeOut); text != "" {
		timeout, err := parseDuration(text)
		if err != nil || timeout <= 0 {
			return spec, faultSchema(fmt.Errorf("%w: IdleTimeOut %q", errSchema, text))
		}
		spec.IdleTimeout = timeout
	}
	if text := o.request.option("WINRS_CODEPAGE"); text != "" {
		codepage, err := strconv.Atoi(text)
		if err != nil || codepage < 0 {
			return spec, faultInvalidParameter()
		}
		spec.Codepage = codepage
	}
	for _, variable := range wanted.Environment {
		spec.Env = append(spec.Env, Variable{Name: variable.Name, Value: variable.Text})
	}
	id, err := o.server.newID()
	if err != nil {
		return spec, faultOf(err)
	}
	spec.ID = id
	return spec, nil
}

// maxCommandID is the length of a GUID in braces.
const maxCommandID = 38

// command starts a command (MS-WSMV 3.1.4.11).
func (o *operation) command(sh *shell) (*response, *Fault) {
	wanted := o.request.Body.Command
	if wanted == nil || wanted.Command == nil || len(wanted.CommandID) > maxCommandID {
		return nil, faultSchema(fmt.Errorf("%w: CommandLine", errSchema))
	}
	spec := CommandSpec{
		ID: strings.TrimSpace(wanted.CommandID), Command: strings.TrimSpace(*wanted.Command),
		SkipCmdShell: o.request.flag("WINRS_SKIP_CMD_SHELL"),
		ConsoleStdin: o.request.flag("WINRS_CONSOLEMODE_STDIN"),
	}
	for _, argument := range wanted.Arguments {
		if argument != "" {
			spec.Arguments = append(spec.Arguments, argument)
		}
	}
	limit := o.server.quotas.MaxCommandLine
	if spec.SkipCmdShell {
		limit = o.server.quotas.MaxCommandLineDirect
	}
	if utf8.RuneCountInString(spec.Line()) > limit {
		return nil, faultCommandLineTooLong()
	}
	if spec.ID == "" {
		id, err := o.server.newID()
		if err != nil {
			return nil, faultOf(err)
		}
		spec.ID = id
	}
	if fault := sh.start(spec, o.server.quotas.MaxProcessesPerShell); fault != nil {
		return nil, fault
	}
	body := "<rsp:CommandResponse><rsp:CommandId>" + escape(spec.ID) + "</rsp:CommandId></rsp:CommandResponse>"
	return &response{Action: nsShell + "/CommandResponse", Body: body}, nil
}

// send passes input to commands (MS-WSMV 3.1.4.13). A console has no end of file, so that the End of a command with
// WINRS_CONSOLEMODE_STDIN ends nothing.
func (o *operation) send(ctx context.Context, sh *shell) (*response, *Fault) {
	wanted := o.request.Body.Send
	if wanted == nil || len(wanted.Streams) == 0 {
		return nil, faultSchema(fmt.Errorf("%w: Send without a Stream", errSchema))
	}
	expired, stop := o.server.timer(o.timeout())
	defer stop()
	for i := range wanted.Streams {
		stream := &wanted.Streams[i]
		data, err := stream.data()
		if err != nil {
			return nil, faultSchema(fmt.Errorf("%w: %w", errSchema, err))
		}
		c := sh.command(stream.CommandID)
		if c == nil {
			return nil, faultInvalidParameter()
		}
		if stream.Name != "stdin" {
			return nil, faultInvalidParameter()
		}
		end := isTrue(stream.End) && !c.spec.ConsoleStdin
		if !c.stdin.send(ctx, data, end, expired) {
			return nil, faultTimedOut()
		}
	}
	return &response{Action: nsShell + "/SendResponse", Body: "<rsp:SendResponse/>"}, nil
}

const (
	minEnvelope       = 8 << 10 // the least MaxEnvelopeSize that a client may ask for (MS-WSMV 2.2.4.20)
	envelopeOverhead  = 4 << 10 // of a response around its streams
	rawBytesPerBase64 = 0.75
)

// budget is the number of bytes of output that fit into a response.
func (o *operation) budget() int {
	size := o.server.quotas.MaxEnvelopeSize
	if asked := o.request.MaxEnvelopeSize; asked > 0 {
		size = min(size, max(asked, minEnvelope))
	}
	return int(float64(size-envelopeOverhead) * rawBytesPerBase64)
}

// receive returns output of a command (MS-WSMV 3.1.4.14).
func (o *operation) receive(ctx context.Context, sh *shell) (*response, *Fault) {
	wanted := o.request.Body.Receive
	if wanted == nil {
		return nil, faultSchema(fmt.Errorf("%w: Receive without a DesiredStream", errSchema))
	}
	c := sh.command(wanted.DesiredStream.CommandID)
	if c == nil {
		return nil, faultInvalidParameter()
	}
	spec := receiveSpec{wanted: make(map[string]bool), timeout: o.timeout(), linger: o.server.quotas.ReceiveLinger, budget: o.budget()}
	for name := range strings.FieldsSeq(wanted.DesiredStream.Names) {
		spec.wanted[name] = true
	}
	if len(spec.wanted) == 0 {
		spec.wanted = map[string]bool{"stdout": true, "stderr": true}
	}
	turn := c.takeTurn()
	got, fault := c.receive(ctx, turn, spec, o.server.timer)
	answer := &response{Action: nsShell + "/ReceiveResponse", finished: turn.end}
	if fault != nil {
		return answer, fault
	}
	answer.Body = receiveBodyOf(c.id, got, spec.wanted)
	answer.sent = func() { c.discard(got.chunks) }
	return answer, nil
}

// receiveBodyOf renders a batch. Only the last one of a command marks the end of the streams and carries the exit
// status (MS-WSMV 2.2.4.8, CommandState).
func receiveBodyOf(id string, got batch, wanted map[string]bool) string {
	var b strings.Builder
	id = escape(id)
	b.WriteString("<rsp:ReceiveResponse>")
	for _, chunk := range got.chunks {
		fmt.Fprintf(&b, `<rsp:Stream Name="%s" CommandId="%s">`, chunk.stream, id)
		b.WriteString(base64.StdEncoding.EncodeToString(chunk.data))
		b.WriteString("</rsp:Stream>")
	}
	if !got.done {
		fmt.Fprintf(&b, `<rsp:CommandState CommandId="%s" State="%s"></rsp:CommandState></rsp:ReceiveResponse>`, id, stateRunning)
		return b.String()
	}
	for _, name := range []string{"stdout", "stderr"} {
		if wanted[name] {
			fmt.Fprintf(&b, `<rsp:Stream Name="%s" CommandId="%s" End="true"></rsp:Stream>`, name, id)
		}
	}
	// An exit status is 32 bits, which Windows writes with a sign.
	fmt.Fprintf(&b, `<rsp:CommandState CommandId="%s" State="%s"><rsp:ExitCode>%d</rsp:ExitCode></rsp:CommandState></rsp:ReceiveResponse>`,
		id, stateDone, int32(got.exit))
	return b.String()
}

// signal ends or interrupts a command (MS-WSMV 3.1.4.12). terminate is also how a client says that it is done with one.
func (o *operation) signal(sh *shell) (*response, *Fault) {
	wanted := o.request.Body.Signal
	if wanted == nil {
		return nil, faultSchema(fmt.Errorf("%w: Signal without a Code", errSchema))
	}
	c := sh.command(wanted.CommandID)
	if c == nil {
		return nil, faultInvalidParameter()
	}
	code := strings.TrimSpace(wanted.Code)
	switch {
	case strings.EqualFold(code, signalTerminate): // documents write it both ways
		sh.forget(c)
		c.release()
	case code == signalCtrlC, code == signalCtrlBreak:
		c.interrupt()
	default:
		return nil, faultInvalidParameter()
	}
	return &response{Action: nsShell + "/SignalResponse", Body: "<rsp:SignalResponse/>"}, nil
}

// enumerate lists the shells of the user (DSP0226 section 8). The list is never longer than one response, so that an
// enumeration context need not be kept.
func (o *operation) enumerate() (*response, *Fault) {
	var items strings.Builder
	for _, sh := range o.server.allShells() {
		if sh.owner == o.user {
			items.WriteString(o.server.describe(sh))
		}
	}
	switch {
	case o.request.Action == actionPull:
		body := "<n:PullResponse><n:Items>" + items.String() + "</n:Items><n:EndOfSequence/></n:PullResponse>"
		return &response{Action: nsEnumerate + "/PullResponse", Body: body}, nil
	case o.request.Body.Enumerate != nil && o.request.Body.Enumerate.Optimize != nil:
		body := "<n:EnumerateResponse><n:EnumerationContext/><w:Items>" + items.String() + "</w:Items><w:EndOfSequence/></n:EnumerateResponse>"
		return &response{Action: nsEnumerate + "/EnumerateResponse", Body: body}, nil
	}
	id, err := o.server.newID()
	if err != nil {
		return nil, faultOf(err)
	}
	body := "<n:EnumerateResponse><n:EnumerationContext>uuid:" + id + "</n:EnumerationContext></n:EnumerateResponse>"
	return &response{Action: nsEnumerate + "/EnumerateResponse", Body: body}, nil
}
