package report

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/seed-67b27da2/geiger/harness"
)

// The drawing of a timeline. Heights are pixels, widths are percentages, so that it fits a phone without becoming small.
const (
	laneLabel   = 18
	laneHeight  = 22
	laneGap     = 8
	timeBuckets = 80  // events are drawn as a histogram of so many bars
	markPlaces  = 100 // one of several alerts at the same place is drawn
	mostTicks   = 5
)

// htmlTimeline shows the commands, events and alerts of a run on the host's clock.
type htmlTimeline struct {
	From, To string
	Height   int
	Foot     int // where the labels of the axis stand
	Base     int // where its lines end
	Ticks    []htmlTick
	Lanes    []htmlLane
	Phases   []htmlPhase
	Kinds    htmlKinds
}

type htmlTick struct {
	X, Label, Anchor string
}

type htmlLane struct {
	Label string
	Y     int // of the label's base line
	Bars  []htmlBar
	Marks []htmlMark
}

type htmlBar struct {
	X, Width  string
	Y, Height int
	Class     string
	Title     string
}

type htmlMark struct {
	X     string
	Y     int
	Class string
	Title string
}

// htmlPhase is a phase in the table beside the drawing.
type htmlPhase struct {
	Phase                    harness.Phase
	First, Last              string
	Commands, Events, Alerts int
}

// timeScale maps the run's time to the width of the drawing.
type timeScale struct{ from, to time.Time }

func (s *timeScale) include(t time.Time) {
	if t.IsZero() {
		return
	}
	if s.from.IsZero() || t.Before(s.from) {
		s.from = t
	}
	if t.After(s.to) {
		s.to = t
	}
}

// at is the place of a moment, from 0 to 1.
func (s *timeScale) at(t time.Time) float64 {
	whole := s.to.Sub(s.from)
	if whole <= 0 {
		return 0
	}
	return min(max(float64(t.Sub(s.from))/float64(whole), 0), 1)
}

func percent(f float64) string { return fmt.Sprintf("%.2f%%", 100*f) }

// newHTMLTimeline is nil for a run in which nothing happened.
func newHTMLTimeline(e *harness.Evidence, v *harness.Verdict, events eventIndex) *htmlTimeline {
	var s timeScale
	for _, x := range e.Executions {
		s.include(x.Started)
		s.include(x.Ended)
	}
	for i := range e.Events {
		s.include(e.Events[i].Time())
	}
	if s.from.IsZero() {
		return nil
	}
	t := &htmlTimeline{From: clockTime(s.from), To: clockTime(s.to), Kinds: events.kinds()}
	t.commands(&s, e)
	t.histograms(&s, events)
	t.alerts(&s, v, events)
	t.Base = len(t.Lanes) * (laneLabel + laneHeight + laneGap)
	t.Foot, t.Height = t.Base+14, t.Base+20
	t.ticks(&s)
	t.table(e, v, events)
	return t
}

// lane begins the next lane, and returns the top of its drawing.
func (t *htmlTimeline) lane(label string) (*htmlLane, int) {
	top := len(t.Lanes) * (laneLabel + laneHeight + laneGap)
	t.Lanes = append(t.Lanes, htmlLane{Label: label, Y: top + laneLabel - 5})
	return &t.Lanes[len(t.Lanes)-1], top + laneLabel
}

func (t *htmlTimeline) commands(s *timeScale, e *harness.Evidence) {
	if len(e.Executions) == 0 {
		return
	}
	lane, top := t.lane(plural(len(e.Executions), "command"))
	for _, x := range e.Executions {
		from := s.at(x.Started)
		lane.Bars = append(lane.Bars, htmlBar{
			X: percent(from), Width: percent(max(s.at(x.Ended)-from, 0)), Y: top + 4, Height: laneHeight - 8, Class: string(x.Phase),
			Title: fmt.Sprintf("%s: %s, %s", x.Phase, clockTime(x.Started), took(x.Ended.Sub(x.Started))),
		})
	}
}

// histograms draw the events of each phase. A bar's height is the root of its number, so that single events are seen
// beside hundreds.
func (t *htmlTimeline) histograms(s *timeScale, x eventIndex) {
	counts := map[harness.Phase]*[timeBuckets]int{}
	most := 0
	for i := range x.events {
		p := x.phases[i]
		if counts[p] == nil {
			counts[p] = &[timeBuckets]int{}
		}
		bucket := min(int(s.at(x.events[i].Time())*timeBuckets), timeBuckets-1)
		counts[p][bucket]++
		most = max(most, counts[p][bucket])
	}
	width := s.to.Sub(s.from) / timeBuckets
	for _, p := range phases {
		if counts[p] == nil {
			continue
		}
		total := 0
		for _, n := range counts[p] {
			total += n
		}
		lane, top := t.lane(plural(total, "event") + ", " + string(p))
		for i, n := range counts[p] {
			if n == 0 {
				continue
			}
			height := max(int(math.Round(laneHeight*math.Sqrt(float64(n)/float64(most)))), 2)
			lane.Bars = append(lane.Bars, htmlBar{
				X: percent(float64(i) / timeBuckets), Width: percent(1.0 / timeBuckets), Y: top + laneHeight - height, Height: height, Class: string(p),
				Title: fmt.Sprintf("%s, %s", plural(n, "event"), clockTime(s.from.Add(time.Duration(i)*width))),
			})
		}
	}
}

// alerts have a lane for each state, and are marked at the first event behind them; one that comes of no event has no
// time.
func (t *htmlTimeline) alerts(s *timeScale, v *harness.Verdict, x eventIndex) {
	for _, state := range alertStates {
		var alerts []*harness.RaisedAlert
		for i := range v.Alerts {
			if a := &v.Alerts[i]; alertState(a) == state.state {
				alerts = append(alerts, a)
			}
		}
		if len(alerts) == 0 {
			continue
		}
		lane, top := t.lane(plural(len(alerts), state.state+" alert"))
		for _, a := range alerts {
			if at, ok := x.first(a.Events); ok {
				lane.mark(s, a, at, top+laneHeight/2)
			}
		}
	}
}

func (l *htmlLane) mark(s *timeScale, a *harness.RaisedAlert, at time.Time, y int) {
	place := percent(math.Round(s.at(at)*markPlaces) / markPlaces)
	if slices.ContainsFunc(l.Marks, func(m htmlMark) bool { return m.X == place }) {
		return
	}
	title := fmt.Sprintf("%s, %s phase, %s", clip(a.Rule, briefWidth), a.Phase, clockTime(at))
	l.Marks = append(l.Marks, htmlMark{X: place, Y: y, Class: alertState(a), Title: title})
}

var tickSteps = [...]time.Duration{
	time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second,
	30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour,
	6 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, 365 * 24 * time.Hour, 100 * 365 * 24 * time.Hour,
}

func (t *htmlTimeline) ticks(s *timeScale) {
	step := tickSteps[len(tickSteps)-1]
	for _, d := range tickSteps {
		if s.to.Sub(s.from) <= mostTicks*d {
			step = d
			break
		}
	}
	layout := "15:04:05"
	switch {
	case step >= 24*time.Hour:
		layout = "2006-01-02"
	case step < time.Second:
		layout = "05.000"
	}
	for at := s.from.Truncate(step); !at.After(s.to) && len(t.Ticks) <= mostTicks; at = at.Add(step) {
		if at.Before(s.from) {
			continue
		}
		anchor, place := "middle", s.at(at)
		switch {
		case place < 0.08:
			anchor = "start"
		case place > 0.92:
			anchor = "end"
		}
		t.Ticks = append(t.Ticks, htmlTick{percent(place), at.UTC().Format(layout), anchor})
	}
}

// table says in numbers what the drawing shows.
func (t *htmlTimeline) table(e *harness.Evidence, v *harness.Verdict, x eventIndex) {
	for _, p := range phases {
		row, span := htmlPhase{Phase: p}, timeScale{}
		for _, c := range e.Executions {
			if c.Phase == p {
				row.Commands++
				span.include(c.Started)
				span.include(c.Ended)
			}
		}
		for i := range x.events {
			if x.phases[i] == p {
				row.Events++
				span.include(x.events[i].Time())
			}
		}
		for i := range v.Alerts {
			if v.Alerts[i].Phase == p {
				row.Alerts++
			}
		}
		if row.Commands+row.Events+row.Alerts == 0 {
			continue
		}
		if !span.from.IsZero() {
			row.First, row.Last = clockTime(span.from), clockTime(span.to)
		}
		t.Phases = append(t.Phases, row)
	}
}
