package packetdrill

import (
	"strings"
	"testing"
)

// TestCode: code prints what Python prints.
func TestCode(t *testing.T) {
	for _, c := range []struct{ code, out string }{
		{"print(1 + 2 * 3 - 4 // 3)", "6\n"},
		{"print(-7 // 2, -7 % 3, 7 / 2, 2 ** 10, 2 ** -1)", "-4 2 3.5 1024 0.5\n"},
		{"print(1 < 2 < 3, 1 < 2 > 3, 1 == 1.0, not 0)", "True False True True\n"},
		{"print(0 or 5, 1 and 6, None, True)", "5 6 None True\n"},
		{"print(0x10 | 1, 6 & 3, 6 ^ 3, 1 << 4, 256 >> 2, ~5)", "17 2 5 16 64 -6\n"},
		{"print('%d of %s: %.2f%%' % (3, 'x', 12.345))", "3 of x: 12.35%\n"},
		{"print(3 in (1, 2, 3), 4 not in [1, 2], 'b' in 'abc')", "True True True\n"},
		{"x = 3; x += 4; x *= 2\nprint(x)", "14\n"},
		{"print(min(3, 1, 2), max([4, 9]), abs(-3), int(3.9), round(2.5), float(2), len('abc'), str(7) + 'a')", "1 9 3 3 2 2.0 3 7a\n"},
		{"x = 5 if 1 > 2 else 6\nprint(x, (1, 2)[1], [7, 8][-1])", "6 2 8\n"},
		{"x = 2\nif x == 1:\n  print('one')\nelif x == 2:\n  print('two')\n  print('indeed')\nelse:\n  print('many')\nprint('end')", "two\nindeed\nend\n"},
		{"if 0: print(1)\nelse: print(2)", "2\n"},
		{"print(1 +\\\n 2)\nprint((3 +\n 4)) # comment", "3\n7\n"},
		{"for i in range(3):\n  if i == 1: continue\n  print(i)\nfor a, b in [(1, 2), (3, 4)]: print(a + b)\nfor x in (5, 6):\n  break\nprint(x)", "0\n2\n3\n7\n5\n"},
		{"a, b = 1, 2\na, b = b, a\nprint(f'{a} {b:3d} {a / 4:.2f} {{}} {\"x\"!r}' f'{a:x}', F\"{b}\")", "2   1 0.50 {} 'x'2 1\n"},
		{"print('{} {1} {0:>3}'.format(1, 'b'), \"\"\"two\nlines\"\"\", r'raw')", "1 b   1 two\nlines raw\n"},
		{"print('end', end='')\nprint((1, 2)[0], sep=' ', file=err)", "end\n1\n"},
		{"print(sum([1, 2]), sorted((3, 1)), all([1, 0]), any([1, 0]), pow(2, 3), round(1.26, 1), hex(255), list(range(4, 0, -2)))", "3 (1, 3) False True 8 1.3 0xff (4, 2)\n"},
		{"assert TCP_CA_Loss == 4 and TCP_ESTABLISHED == 1, 'no'; pass", ""},
	} {
		var out strings.Builder
		if err := play("x", "0 %{\n"+c.code+"\n}%", Options{Print: &out}); err != nil || out.String() != c.out {
			t.Errorf("%s\n prints %q (%v), want %q", c.code, out.String(), err, c.out)
		}
	}
}

// TestAssertionsThatFailShowTheValues: a failure says what was compared.
func TestAssertionsThatFailShowTheValues(t *testing.T) {
	for code, says := range map[string]string{
		"a = 3\nassert a == 4":                   "assert a == 4: it is 3 == 4",
		"assert 1 > 2, 'message %d' % 5":         "(message 5)",
		"assert 5 < 6 < 6":                       "5 < 6 < 6",
		"assert False":                           "assert False",
		"assert tcpi_snd_cwnd == 10 if 1 else 2": "tcpi_snd_cwnd",
		"x = 1 // 0":                             "division by zero",
		"x = 'a' < 1":                            "ordered",
		"x = 'a' * 'b'":                          "numbers",
		"x = (1, 2)[2]":                          "index 2 of 2",
		"x = frob(1)":                            "frob()",
		"a, b = 1, 2, 3":                         "2 names for (1, 2, 3)",
		"1 = 2":                                  "only names",
		"for i in 5: pass":                       "go through",
		"x = f'{1'":                              "no }",
		"x = '{}'.format()":                      "no argument 0",
		"x = f'{1:q}'":                           "specification",
		"x = range(1000000)":                     "range()",
		"\nfor i in range(90000):\n for j in range(9): pass": "loops",
	} {
		if err := play("x", "0 %{ "+code+" }%", Options{}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %s", code, err, says)
		}
	}
}
