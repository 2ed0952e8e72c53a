package reports

import (
	"bytes"
	"encoding/csv"
	"strconv"
	"strings"
	"testing"
)

func TestCSVMatchesTheReviewedTable(t *testing.T) {
	var out bytes.Buffer
	if err := CSV(&out, []Result{gpuReceive(), copyReceive(), stalled(), broken(), {}}); err != nil {
		t.Fatal(err)
	}
	golden(t, "results.csv", out.Bytes())
}

// readCSV returns the header and one map per row.
func readCSV(t *testing.T, results []Result) (header []string, rows []map[string]string) {
	t.Helper()
	var out bytes.Buffer
	if err := CSV(&out, results); err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(out.Bytes(), []byte("\r\n")); n < len(results)+1 {
		t.Errorf("%d CRLF for %d rows and a header (RFC 4180 section 2)", n, len(results))
	}
	records, err := csv.NewReader(&out).ReadAll() // fails when rows differ in length
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range records[1:] {
		row := map[string]string{}
		for i, name := range records[0] {
			row[name] = record[i]
		}
		rows = append(rows, row)
	}
	return records[0], rows
}

func TestCSVColumnsAreTheSameForEveryResult(t *testing.T) {
	empty, _ := readCSV(t, nil)
	seen := map[string]bool{}
	for _, name := range empty {
		if seen[name] {
			t.Errorf("column %s twice", name)
		}
		seen[name] = true
	}
	for _, r := range allFixtures() {
		header, rows := readCSV(t, []Result{r})
		if strings.Join(header, ",") != strings.Join(empty, ",") {
			t.Errorf("%s: the columns differ: %v", r.Scenario, header)
		}
		if len(rows) != 1 {
			t.Errorf("%s: %d rows", r.Scenario, len(rows))
		}
	}
}

func TestCSVHoldsTheFiguresOfTheResult(t *testing.T) {
	_, rows := readCSV(t, []Result{gpuReceive(), broken(), stalled()})
	for _, c := range []struct {
		row          int
		column, want string
	}{
		{0, "scenario", "rfc-v2-gpu-rx"}, {0, "goodput_gbps", "24.603"}, {0, "limit_resource", "link sender->receiver"},
		{0, "next_headroom_gbps", "6.38"}, {0, "receiver_root_up_payload_bytes", "54474134"}, {0, "receiver_gpu_down_utilisation", "0.2265"},
		{0, "sender_nic_up_payload_bytes", "20400000"}, {2, "sender_nic_up_payload_bytes", ""}, {0, "busiest_core", "receiver/0"}, {0, "drops", "0"}, {0, "stall_cause", ""},
		{0, "measured", "23.4"}, {0, "expect", "2"}, {0, "expect_failed", "0"},
		{1, "drops", "1220"}, {1, "drops_rx_out_of_buffer", "1203"}, {1, "drops_pcie_backpressure", "0"}, {1, "drops_other", "1"},
		{1, "pages_lost", "3"}, {1, "violations", "2"}, {1, "violations_total", "17"}, {1, "measured", ""}, {1, "expect_failed", "1"},
		{2, "stall_cause", "app-stopped"}, {2, "stall_since_s", "0.4123"}, {2, "next_resource", ""}, {2, "next_utilisation", ""}, {2, "busiest_core_busy", ""},
	} {
		if got := rows[c.row][c.column]; got != c.want {
			t.Errorf("row %d, %s: got %q, want %q", c.row, c.column, got, c.want)
		}
	}
}

func TestNoTextOfACSVIsTakenForAFormula(t *testing.T) {
	for _, text := range []string{"=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", `a "quoted", text`, "two\nlines"} {
		r := Result{Scenario: text, Title: text, Version: text, Digest: text, Limit: Limit{Resource: text}, Stall: &Stall{Cause: text}, GoodputGbps: -1,
			Measured: []Measured{{Metric: text, Unit: text, Source: text}}, CPU: CPU{Cores: []Core{{Host: text, Role: text}}}}
		_, rows := readCSV(t, []Result{r})
		for column, cell := range rows[0] {
			if cell == "" || !strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				continue
			}
			if _, err := strconv.ParseFloat(cell, 64); err != nil {
				t.Errorf("%s: cell %q would run in a spreadsheet", column, cell)
			}
		}
		if got := rows[0]["goodput_gbps"]; got != "-1" {
			t.Errorf("a negative number came out as %q", got)
		}
	}
}

func TestCSVNumbersGiveTheSameFloatBack(t *testing.T) {
	for _, v := range []float64{0, 1, -1, 24.603, 1.0 / 3, 1e-12, 5e-324, 1e21, 1.7976931348623157e308, 123456789.125} {
		got, err := strconv.ParseFloat(exact(v), 64)
		if err != nil || got != v {
			t.Errorf("%v came back as %v, %v", v, got, err)
		}
	}
}
