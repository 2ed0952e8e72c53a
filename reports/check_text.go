package reports

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// CheckText writes the result of a check for people: the verdict, a line per case,
// then each root cause once, with the shortest way to it of all cases, and at last
// what a verdict must not hide (what was not seen, what was expected in vain). On a
// verbose page every violation of every case has its way, and the coverage is there.
//
// Errors: the writer's.
func CheckText(w io.Writer, c Check, o TextOptions) error {
	p := newPage(o)
	p.checkHeadline(&c)
	p.checkCases(&c)
	p.barriers(&c)
	p.checkViolations(&c)
	p.coverage(&c)
	p.checkSummary(&c)
	_, err := w.Write(p.buf.Bytes())
	return err
}

// checkHeadline says what came out.
func (p *page) checkHeadline(c *Check) {
	name := "check " + c.Command
	if c.Variant != "" {
		name += ", " + clean(c.Variant)
	}
	verdict, st := "ok", good
	if !c.OK {
		verdict, st = "FAILED", bad
	}
	if c.Interrupted {
		verdict, st = "interrupted", caution
	}
	spans := []span{{name + ": ", bold}, {verdict, st}, {", " + foundPhrase(c) + " in" + nbsp + plural(int64(len(c.Cases)), caseNoun(c.Command, false), caseNoun(c.Command, true)), plainStyle}}
	open := 0
	for i := range c.Cases {
		if k := &c.Cases[i]; !k.Complete && k.Skipped == "" && k.Kind != CheckReplay {
			open++
		}
	}
	if open > 0 {
		spans = append(spans, span{", " + integer(int64(open)) + nbsp + "of them not exhausted", caution})
	}
	p.paragraph(0, 2, spans...)
}

// foundPhrase counts what was found.
func foundPhrase(c *Check) string {
	n := int64(0)
	for i := range c.Cases {
		n += int64(len(c.Cases[i].Violations))
	}
	switch causes := int64(len(c.Causes())); {
	case n == 0:
		return "nothing violated"
	case c.Command == "trace":
		return plural(n, "divergence", "divergences")
	case n == causes:
		return plural(n, "root cause", "root causes")
	default:
		return plural(causes, "root cause", "root causes") + " for " + plural(n, "violation", "violations")
	}
}

// caseNoun is what the cases of a command are called.
func caseNoun(command string, several bool) string {
	noun := map[string]string{"trace": "trace", "replay": "file"}[command]
	if noun == "" {
		noun = "case"
	}
	if several {
		noun += "s"
	}
	return noun
}

// checkCases lists the cases.
func (p *page) checkCases(c *Check) {
	if len(c.Cases) == 0 {
		return
	}
	t := table{columns: []column{{title: caseNoun(c.Command, false), wrapTo: 16}, {title: sizeTitle(c.Command), right: true}, {title: "transitions", right: true, expend: 3},
		{title: "depth", right: true, expend: 2}, {title: "per second", right: true, expend: 1}, {title: "B/state", right: true, expend: 4},
		{title: "outcome", wrapTo: 12}}}
	for i := range c.Cases {
		t.add(caseCells(&c.Cases[i])...)
	}
	p.heading("Cases", "")
	p.table(&t)
}

// sizeTitle is what the size of a case counts.
func sizeTitle(command string) string {
	switch command {
	case "fuzz", "replay":
		return "steps"
	case "trace":
		return "events"
	}
	return "states"
}

// caseCells is the line of a case; figures that it does not have are left out.
func caseCells(k *CheckCase) []cell {
	cells := []cell{say(clean(k.Name)), {}, {}, {}, {}, {}, outcome(k)}
	if k.Skipped != "" {
		return cells
	}
	cells[1] = say(integer(k.States))
	if k.Transitions > 0 {
		cells[2] = say(integer(int64(min(k.Transitions, 1<<62))))
	}
	if k.DepthMax > 0 {
		cells[3] = say(integer(int64(k.DepthMax)))
	}
	if k.StatesPerS > 0 {
		cells[4] = say(perSecond(k.StatesPerS))
	}
	if k.BytesPerState > 0 {
		cells[5] = say(significant(k.BytesPerState, 2))
	}
	return cells
}

// outcome says in a few words how a case ended; checkSummary has the reasons. That a
// case was not exhausted is said even where something was found.
func outcome(k *CheckCase) cell {
	var text string
	st := good
	switch n := int64(len(k.Violations)); {
	case k.Skipped != "":
		return cell{"skipped", faint}
	case k.Kind == CheckReplay:
		return replayOutcome(k)
	case n > 0 && k.Kind == CheckTrace:
		text, st = plural(n, "divergence", "divergences"), bad
	case n > 0:
		text, st = plural(n, "violation", "violations"), bad
	case !k.Complete:
		return cell{"not exhausted", caution}
	case k.Kind == CheckTrace:
		text = "follows the model"
	default:
		text = "holds"
	}
	if !k.Complete {
		text += ", not exhausted"
	}
	return cell{text, st}
}

func replayOutcome(k *CheckCase) cell {
	r := k.Replay
	text, st := "not as written", bad
	switch {
	case r.AsWritten:
		text = "as written"
	case len(k.Violations) == 0:
		text = "nothing violated"
	}
	if r.OK {
		st = good
	}
	return cell{text, st}
}

// stopReason says in words why a search ended early, and which option has a say in it.
func stopReason(k *CheckCase) string {
	switch k.Stopped {
	case "max-memory":
		return "the memory that --max-memory allows is used up"
	case "max-states":
		return "as many states as --max-states allows"
	case "max-depth":
		return "there is more below --max-depth"
	case "interrupted":
		return "interrupted"
	case "first-divergence":
		return "ends at the first divergence (--all goes on)"
	}
	return clean(k.Stopped)
}

// checkSummary says what else there is to know before the verdict is believed.
func (p *page) checkSummary(c *Check) {
	var notes []note
	add := func(label, text string, st style) { notes = append(notes, note{label: label, text: text, style: st}) }
	if len(c.Missing) > 0 {
		add("expected", "not found: "+cleanList(c.Missing), bad)
	}
	if len(c.Unexpected) > 0 {
		add("unexpected", cleanList(c.Unexpected), bad)
	}
	if len(c.Expected) > 0 && len(c.Missing)+len(c.Unexpected) == 0 {
		add("expected", "exactly what was expected was found", good)
	}
	open, odds := false, 0.0
	var skipped []note
	for i := range c.Cases {
		k := &c.Cases[i]
		odds = max(odds, k.OmissionOdds)
		switch {
		case k.Skipped != "":
			skipped = append(skipped, note{label: "skipped", text: clean(k.Name) + ": " + clean(k.Skipped), style: faint})
		case k.Kind == CheckReplay && k.Replay.Differs != "":
			add("differs", clean(k.Name)+": "+clean(k.Replay.Differs), caution)
		case !k.Complete && k.Kind != CheckReplay:
			open = true
			add("unseen", clean(k.Name)+" is not exhausted: "+stopReason(k), caution)
		}
	}
	if open {
		text := "what was not found in a case that is not exhausted may be there"
		if c.CompleteRequired && c.Command == "explore" {
			text += "; this fails the check (--require-complete=false lets it pass)"
		}
		add("caution", text, caution)
	}
	notes = append(notes, skipped...)
	if len(c.NotRun) > 0 {
		add("not run", cleanList(c.NotRun), caution)
	}
	if odds > 0 {
		add("odds", fmt.Sprintf("a hash collision hid a state of a case with a probability below %.0e", odds), faint)
	}
	if c.Seed != nil {
		add("seed", fmt.Sprint(*c.Seed), faint)
	}
	if c.WallS > 0 {
		add("took", duration(c.WallS), faint)
	}
	if len(notes) > 0 {
		p.gap()
		p.labelled(0, faint, notes)
	}
}

func cleanList(names []string) string {
	names = slices.Clone(names)
	for i := range names {
		names[i] = clean(names[i])
	}
	return strings.Join(names, ", ")
}
