package powershell

import (
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/iis"
)

const webModule = "WebAdministration"

func webCmdlets() []*cmdlet {
	const config = "Filter:s*@0^~ PSPath:s*@1~ Location:s* Name:s~ Value:o^~ Metadata:b Recurse:b AtElement:h AtIndex:i Clr:s Force:b"
	all := []*cmdlet{
		{name: "Get-WebGlobalModule", params: "Name:s@0~", process: getGlobalModule},
		{name: "New-WebGlobalModule", params: "Name:s@0~! Image:s@1~! Precondition:s@2~", process: newGlobalModule},
		{name: "Remove-WebGlobalModule", params: "Name:s@0~!", process: func(c *call) error {
			return c.webChange(c.web.RemoveGlobalModule(c.p, c.text("Name")))
		}},
		{name: "Set-WebGlobalModule", params: "Name:s@0~! Image:s~ Precondition:s~", process: setGlobalModule},
		{name: "Enable-WebGlobalModule", params: "Name:s@0~! Precondition:s~ PSPath:s Location:s", process: func(c *call) error {
			return c.webChange(c.web.EnableModule(c.p, iis.Enabled{Name: c.text("Name"), PreCondition: c.text("Precondition")}))
		}},
		{name: "Disable-WebGlobalModule", params: "Name:s@0~! PSPath:s Location:s", process: func(c *call) error {
			return c.webChange(c.web.DisableModule(c.p, c.text("Name")))
		}},
		{name: "Get-WebManagedModule", params: "Name:s@0 PSPath:s@1 Location:s", process: getManagedModule},
		{name: "Get-WebConfiguration", params: config, process: getWebConfiguration},
		{name: "Get-WebConfigurationProperty", params: config, process: getWebConfigurationProperty},
		{name: "Add-WebConfigurationProperty", params: config, process: addWebConfiguration},
		{name: "Set-WebConfigurationProperty", params: config, process: setWebConfiguration},
		{name: "Remove-WebConfigurationProperty", params: config, process: removeWebConfiguration},
		{name: "Get-Website", params: "Name:s@0", process: getWebsite},
		{name: "Get-WebAppPoolState", params: "Name:s@0", process: getPoolState},
		{name: "Stop-Website", params: "Name:s@0! PassThru:b", process: siteState(iis.Stopped)},
		{name: "Start-Website", params: "Name:s@0! PassThru:b", process: siteState(iis.Started)},
		{name: "Stop-WebAppPool", params: "Name:s@0! PassThru:b", process: poolState(iis.Stopped)},
		{name: "Start-WebAppPool", params: "Name:s@0! PassThru:b", process: poolState(iis.Started)},
	}
	for _, c := range all {
		c.module = webModule
	}
	return all
}

// elementClass is the class of the configuration elements that the cmdlets output.
func elementClass(columns ...string) *class {
	return &class{name: "Microsoft.IIs.PowerShell.Framework.ConfigurationElement", columns: columns, open: true}
}

// webError turns a refusal of the configuration system into the error of the cmdlets.
func webError(err error) *ErrorRecord {
	if iis.IsDenied(err) {
		return newError("System.UnauthorizedAccessException", "System.UnauthorizedAccessException", "PermissionDenied", "%s", err)
	}
	return newError("System.Runtime.InteropServices.COMException", "System.Runtime.InteropServices.COMException", "NotSpecified", "%s", err)
}

func (c *call) webChange(err error) error {
	if err == nil {
		return nil
	}
	return c.fail(webError(err))
}

func moduleElement(m iis.Module) *Object {
	return newObject(elementClass("Name", "Image", "Precondition"), nil).note("Name", m.Name).note("Image", m.Image).note("PreCondition", m.PreCondition)
}

func getGlobalModule(c *call) error {
	list, err := c.web.GlobalModules(c.p)
	if err != nil {
		return c.webChange(err)
	}
	for _, m := range list {
		if name := c.text("Name"); name != "" && !wildcard(name, false).MatchString(m.Name) {
			continue
		}
		if err := c.out(moduleElement(m)); err != nil {
			return err
		}
	}
	return nil
}

func newGlobalModule(c *call) error {
	m := iis.Module{Name: c.text("Name"), Image: c.text("Image"), PreCondition: c.text("Precondition")}
	if err := c.web.AddGlobalModule(c.p, m); err != nil {
		return c.webChange(err)
	}
	return c.out(moduleElement(m))
}

func setGlobalModule(c *call) error {
	list, err := c.web.GlobalModules(c.p)
	if err != nil {
		return c.webChange(err)
	}
	for _, m := range list {
		if !strings.EqualFold(m.Name, c.text("Name")) {
			continue
		}
		if c.has("Image") {
			m.Image = c.text("Image")
		}
		if c.has("Precondition") {
			m.PreCondition = c.text("Precondition")
		}
		return c.webChange(c.web.SetGlobalModule(c.p, m))
	}
	return c.webChange(c.web.SetGlobalModule(c.p, iis.Module{Name: c.text("Name"), Image: c.text("Image")}))
}

func getManagedModule(c *call) error {
	list, err := c.web.Modules(c.p)
	if err != nil {
		return c.webChange(err)
	}
	for _, m := range list {
		if m.Type == "" || c.has("Name") && !wildcard(c.text("Name"), false).MatchString(m.Name) {
			continue
		}
		if err := c.out(newObject(elementClass("Name", "Type", "Precondition"), nil).note("Name", m.Name).note("Type", m.Type).note("PreCondition", m.PreCondition)); err != nil {
			return err
		}
	}
	return nil
}

// element makes the object of a configuration element: its attributes, then its children by name.
func element(e *iis.Element) *Object {
	o := newObject(elementClass(), e)
	for _, a := range e.Attributes {
		o.note(a.Name, a.Value)
	}
	children := newArray()
	for _, child := range e.Children {
		v := element(child)
		children.Items = append(children.Items, v)
		if have, ok := o.notes.get(child.Name); !ok {
			o.note(child.Name, v)
		} else {
			o.note(child.Name, newArray(append(append([]any{}, asList(have)...), v)...))
		}
	}
	o.note("ElementTagName", e.Name)
	if len(children.Items) > 0 {
		o.note("Collection", children)
	}
	return o
}

// section finds the elements of a filter such as /system.webServer/globalModules/add.
func (c *call) section(filter string) ([]*iis.Element, error) {
	filter = strings.ReplaceAll(filter, "\\", "/")
	if !strings.HasPrefix(filter, "/") {
		filter = "/" + filter
	}
	for _, path := range c.list("PSPath") {
		if p := strings.ToUpper(strings.ReplaceAll(path, `\`, "/")); !strings.Contains(p, "APPHOST") && !strings.HasPrefix(p, "IIS:") {
			c.unsupported("parameter", "-PSPath "+path, "only the server level is simulated")
		}
	}
	return c.web.Section(c.p, filter)
}

func getWebConfiguration(c *call) error {
	for _, filter := range c.list("Filter") {
		found, err := c.section(filter)
		if err != nil {
			return c.webChange(err)
		}
		for _, e := range found {
			if err := c.out(element(e)); err != nil {
				return err
			}
		}
	}
	return nil
}

func getWebConfigurationProperty(c *call) error {
	for _, filter := range c.list("Filter") {
		found, err := c.section(filter)
		if err != nil {
			return c.webChange(err)
		}
		for _, e := range found {
			o := element(e)
			name := c.text("Name")
			if name == "" || name == "." || strings.EqualFold(name, "collection") {
				if strings.EqualFold(name, "collection") {
					v, _ := o.notes.get("Collection")
					if err := c.emit(v, c.out); err != nil {
						return err
					}
					continue
				}
				if err := c.out(o); err != nil {
					return err
				}
				continue
			}
			v, ok := o.notes.get(name)
			if !ok {
				continue
			}
			if s, text := v.(string); text {
				v = newObject(elementClass(), nil).note("Name", name).note("Value", s)
			}
			if err := c.emit(v, c.out); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *call) filter() string {
	return "/" + strings.Trim(strings.ReplaceAll(c.text("Filter"), `\`, "/"), "/")
}

func addWebConfiguration(c *call) error {
	h, ok := c.value("Value").(*Hash)
	if !ok {
		c.unsupported("parameter", "Add-WebConfigurationProperty -Value", "only hashtables are simulated")
		return webError(&iis.Error{Message: "Value does not fall within the expected range."})
	}
	var attributes []iis.Attribute
	for _, k := range h.keys {
		attributes = append(attributes, iis.Attribute{Name: c.str(k), Value: c.str(h.values[hashKey(k)])})
	}
	return c.webChange(c.web.AddElement(c.p, c.filter(), "add", attributes...))
}

func setWebConfiguration(c *call) error {
	return c.webChange(c.web.SetAttribute(c.p, c.filter(), c.text("Name"), c.text("Value")))
}

func removeWebConfiguration(c *call) error {
	var path strings.Builder
	path.WriteString(c.filter())
	if h, ok := c.value("AtElement").(*Hash); ok {
		path.WriteString("/add")
		for _, k := range h.keys {
			path.WriteString("[@" + c.str(k) + "='" + c.str(h.values[hashKey(k)]) + "']")
		}
	}
	return c.webChange(c.web.RemoveElement(c.p, path.String()))
}

func siteObject(s iis.Site) *Object {
	path := ""
	for _, a := range s.Applications {
		for _, d := range a.Directories {
			if a.Path == "/" && d.Path == "/" {
				path = d.PhysicalPath
			}
		}
	}
	bindings := make([]string, len(s.Bindings))
	for i, b := range s.Bindings {
		bindings[i] = b.Protocol + " " + b.Information
	}
	return newObject(elementClass("Name", "ID", "State", "PhysicalPath", "Bindings"), nil).note("name", s.Name).note("id", s.ID).note("state", string(s.State)).
		note("physicalPath", path).note("bindings", strings.Join(bindings, " "))
}

func getWebsite(c *call) error {
	sites, err := c.web.Sites(c.p)
	if err != nil {
		return c.webChange(err)
	}
	for _, s := range sites {
		if c.has("Name") && !wildcard(c.text("Name"), false).MatchString(s.Name) {
			continue
		}
		if err := c.out(siteObject(s)); err != nil {
			return err
		}
	}
	return nil
}

func getPoolState(c *call) error {
	pools, err := c.web.Pools(c.p)
	if err != nil {
		return c.webChange(err)
	}
	for _, p := range pools {
		if c.has("Name") && !strings.EqualFold(c.text("Name"), p.Name) {
			continue
		}
		if err := c.out(record("", "Value", string(p.State))); err != nil {
			return err
		}
	}
	return nil
}

func siteState(state iis.State) func(*call) error {
	return func(c *call) error {
		_, err := c.web.SetSiteState(c.p, c.text("Name"), state)
		return c.webChange(err)
	}
}

func poolState(state iis.State) func(*call) error {
	return func(c *call) error {
		_, err := c.web.SetPoolState(c.p, c.text("Name"), state)
		return c.webChange(err)
	}
}

// The IIS: drive holds AppPools and Sites.

func (in *interp) webItemExists(path string) bool {
	kind, name, _ := strings.Cut(path, `\`)
	if name == "" {
		return kind == "" || strings.EqualFold(kind, "AppPools") || strings.EqualFold(kind, "Sites")
	}
	_, err := in.webItem(path)
	return err == nil
}

func (in *interp) webItem(path string) (any, error) {
	kind, name, _ := strings.Cut(path, `\`)
	all, err := in.webList(kind)
	if err != nil {
		return nil, err
	}
	for n, o := range all {
		if strings.EqualFold(n, name) {
			return o, nil
		}
	}
	return nil, noPath(`IIS:\` + path)
}

func (in *interp) webList(kind string) (map[string]*Object, error) {
	out := map[string]*Object{}
	switch strings.ToLower(kind) {
	case "sites":
		sites, err := in.web.Sites(in.p)
		if err != nil {
			return nil, webError(err)
		}
		for _, s := range sites {
			out[s.Name] = siteObject(s)
		}
	case "apppools":
		pools, err := in.web.Pools(in.p)
		if err != nil {
			return nil, webError(err)
		}
		for _, p := range pools {
			out[p.Name] = newObject(elementClass("Name", "State"), nil).note("name", p.Name).note("state", string(p.State)).note("managedRuntimeVersion", p.RuntimeVersion).note("managedPipelineMode", p.PipelineMode)
		}
	}
	return out, nil
}

func (c *call) webChildren(path string) error {
	if path == "" {
		for _, n := range []string{"AppPools", "Sites", "SslBindings"} {
			if err := c.out(record("", "Name", n)); err != nil {
				return err
			}
		}
		return nil
	}
	all, err := c.webList(path)
	if err != nil {
		return err
	}
	for _, o := range all {
		if err := c.out(o); err != nil {
			return err
		}
	}
	return nil
}
