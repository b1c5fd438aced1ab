package journal_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/journal"
)

func folder(t *testing.T) *journal.Folder {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return &journal.Folder{Dir: filepath.Join(t.TempDir(), "journal"), Process: 7, Now: func() time.Time { return at }}
}

var debt = harness.Debt{
	Run: "r-1", Scenario: "write", Target: "iis01", Dir: `geiger\r-1`,
	Cleanup: &harness.Undo{Executor: "powershell", Script: "Remove-Item x"},
	Checks:  []harness.Proof{{Description: "gone", Undo: harness.Undo{Executor: "command_prompt", Script: "if exist x exit 1"}}},
}

func TestAJournalIsThereUntilItIsSettled(t *testing.T) {
	f := folder(t)
	none, err := f.Unsettled()
	require.NoError(t, err)
	require.Empty(t, none)

	j := f.Of("/lab.yaml")
	require.NoError(t, j.Begin(debt))
	require.ErrorIs(t, j.Begin(debt), os.ErrExist, "two runs of one name would undo each other")
	require.NoError(t, j.Note("r-1", harness.Prerequisite))
	left, err := f.Unsettled()
	require.NoError(t, err)
	require.Len(t, left, 1)
	require.Equal(t, debt, left[0].Debt)
	require.Equal(t, "/lab.yaml", left[0].Inventory)
	require.Equal(t, 7, left[0].Process)
	require.False(t, left[0].Attacked())

	require.NoError(t, j.Note("r-1", harness.Attack))
	left, err = f.Unsettled()
	require.NoError(t, err)
	require.True(t, left[0].Attacked())
	require.Equal(t, []harness.Phase{harness.Prerequisite, harness.Attack}, left[0].Phases)

	require.NoError(t, j.Settled("r-1"))
	left, err = f.Unsettled()
	require.NoError(t, err)
	require.Empty(t, left)
	require.Error(t, j.Note("r-1", harness.Attack), "nothing is done behind a journal that is closed")
}

func TestNamesStayInTheFolder(t *testing.T) {
	j := folder(t).Of("/lab.yaml")
	for _, run := range []string{"", "../x", "a/b", `a\b`, "a b"} {
		require.ErrorContains(t, j.Begin(harness.Debt{Run: run, Target: "t"}), "letters, digits and hyphens")
		require.Error(t, j.Note(run, harness.Attack))
		require.Error(t, j.Settled(run))
	}
}

// TestWhatIsCutShort: the disk may have less than was written, but never less than what was waited for.
func TestWhatIsCutShort(t *testing.T) {
	f := folder(t)
	require.NoError(t, f.Of("/lab.yaml").Begin(debt))
	require.NoError(t, f.Of("/lab.yaml").Note("r-1", harness.Attack))
	text, err := os.ReadFile(filepath.Join(f.Dir, "r-1.journal"))
	require.NoError(t, err)
	whole, err := journal.Parse(text)
	require.NoError(t, err)
	for n := range text {
		e, err := journal.Parse(text[:n])
		if err == nil {
			require.Equal(t, whole.Debt, e.Debt)
			require.LessOrEqual(t, len(e.Phases), 1)
		}
	}
	_, err = journal.Parse(text[:10])
	require.EqualError(t, err, "the journal ends in its first line: nothing was done on the host, the file can be removed")
}

func TestOneBadFileHidesNoOther(t *testing.T) {
	f := folder(t)
	require.NoError(t, f.Of("/lab.yaml").Begin(debt))
	require.NoError(t, os.WriteFile(filepath.Join(f.Dir, "a.journal"), []byte("{}\n"), 0o600))
	left, err := f.Unsettled()
	require.ErrorContains(t, err, "a.journal: not a journal: it names no run or no target")
	require.Len(t, left, 1)
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"run":"a","target":"t","cleanup":{"executor":"powershell","script":"x"}}` + "\n" + `{"phase":"attack"}` + "\n" + `{"pha`))
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := journal.Parse(text)
		if err == nil && (e.Target == "" || e.Run == "") {
			t.Fatal(errors.New("a journal of nothing"))
		}
	})
}
