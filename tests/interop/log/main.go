// Checks what the broker's log hands out, with golang.org/x/mod/sumdb alone: its signed checkpoints, receipts and
// consistency proofs. Reads a question a line (JSON), answers each with a line: "ok …" or "no …".
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type question struct {
	Do, Key, Origin, Receipt, Entry, Old, New string
	Proof                                      []string
}

type checkpoint struct {
	origin string
	size   int64
	root   tlog.Hash
}

// opened is the checkpoint in a note that the key has signed.
func opened(text string, q question) (checkpoint, error) {
	verifier, err := note.NewVerifier(q.Key)
	if err != nil {
		return checkpoint{}, err
	}
	signed, err := note.Open([]byte(text), note.VerifierList(verifier))
	if err != nil {
		return checkpoint{}, err
	}
	lines := strings.SplitN(signed.Text, "\n", 4)
	if len(lines) != 4 || lines[0] != q.Origin {
		return checkpoint{}, fmt.Errorf("not a checkpoint of %s", q.Origin)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return checkpoint{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return checkpoint{lines[0], size, root}, err
}

func hashes(lines []string) ([]tlog.Hash, error) {
	found := []tlog.Hash{}
	for _, line := range lines {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return nil, err
		}
		found = append(found, hash)
	}
	return found, nil
}

// receipt checks a tlog-proof file: that the entry lies in the log at the place that the file names.
func receipt(q question) (string, error) {
	head, signed, found := strings.Cut(q.Receipt, "\n\n")
	if !found {
		return "", fmt.Errorf("no checkpoint")
	}
	lines := strings.Split(head, "\n")
	if lines[0] != "c2sp.org/tlog-proof@v1" {
		return "", fmt.Errorf("not a proof")
	}
	lines = lines[1:]
	entry := q.Entry
	if strings.HasPrefix(lines[0], "extra ") {
		raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[0], "extra "))
		if err != nil {
			return "", err
		}
		entry, lines = string(raw), lines[1:]
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[0], "index "), 10, 64)
	if err != nil {
		return "", err
	}
	proof, err := hashes(lines[1:])
	if err != nil {
		return "", err
	}
	head2, err := opened(signed, q)
	if err != nil {
		return "", err
	}
	err = tlog.CheckRecord(tlog.RecordProof(proof), head2.size, head2.root, index, tlog.RecordHash([]byte(entry)))
	return fmt.Sprint(index), err
}

// consistency checks that the log of the older checkpoint is the beginning of that of the newer.
func consistency(q question) (string, error) {
	old, err := opened(q.Old, q)
	if err != nil {
		return "", err
	}
	newer, err := opened(q.New, q)
	if err != nil {
		return "", err
	}
	proof, err := hashes(q.Proof)
	if err != nil {
		return "", err
	}
	return fmt.Sprint(newer.size), tlog.CheckTree(tlog.TreeProof(proof), newer.size, newer.root, old.size, old.root)
}

func answer(q question) (string, error) {
	switch q.Do {
	case "checkpoint":
		found, err := opened(q.New, q)
		return fmt.Sprint(found.size, " ", found.root), err
	case "receipt":
		return receipt(q)
	case "consistency":
		return consistency(q)
	}
	return "", fmt.Errorf("no such question: %s", q.Do)
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var q question
		err := json.Unmarshal(lines.Bytes(), &q)
		said := ""
		if err == nil {
			said, err = answer(q)
		}
		if err != nil {
			fmt.Println("no", strings.ReplaceAll(err.Error(), "\n", " "))
		} else {
			fmt.Println("ok", said)
		}
	}
}
