package eventlog

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
)

// queryList is a structured query: what a custom view of the event viewer holds.
type queryList struct {
	XMLName xml.Name `xml:"QueryList"`
	Queries []struct {
		Path     string     `xml:"Path,attr"`
		Select   []selector `xml:"Select"`
		Suppress []selector `xml:"Suppress"`
	} `xml:"Query"`
}

type selector struct {
	Path  string `xml:"Path,attr"`
	XPath string `xml:",chardata"`
}

// MissingChannelError says that a query names a channel that does not exist.
type MissingChannelError struct{ Channel string }

// Error names the channel.
func (e *MissingChannelError) Error() string { return "event query: there is no channel " + e.Channel }

// QueryXML runs a structured query (<QueryList>) over one or more channels. The
// records come in order of their time, without those that a Suppress selects.
func (l *Log) QueryXML(text string) ([]Record, error) {
	var list queryList
	if err := xml.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("event query: %w", err)
	}
	var out []Record
	for _, q := range list.Queries {
		chosen, err := l.selected(q.Select, q.Path)
		if err != nil {
			return nil, err
		}
		dropped, err := l.selected(q.Suppress, q.Path)
		if err != nil {
			return nil, err
		}
		for at, r := range chosen {
			if _, drop := dropped[at]; !drop {
				out = append(out, r)
			}
		}
	}
	slices.SortFunc(out, func(a, b Record) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.ID, b.ID))
	})
	return slices.CompactFunc(out, func(a, b Record) bool { return a.Channel == b.Channel && a.ID == b.ID }), nil
}

type place struct {
	channel string
	id      uint64
}

func (l *Log) selected(selectors []selector, path string) (map[place]Record, error) {
	out := map[place]Record{}
	for _, s := range selectors {
		name := s.Path
		if name == "" {
			name = path
		}
		c, ok := l.Channel(name)
		if !ok {
			return nil, &MissingChannelError{Channel: name}
		}
		records, err := c.Query(strings.TrimSpace(s.XPath))
		if err != nil {
			return nil, err
		}
		for _, r := range records {
			out[place{r.Channel, r.ID}] = r
		}
	}
	return out, nil
}
