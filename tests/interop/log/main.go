// Checks what the broker's log hands out, with golang.org/x/mod/sumdb alone: its signed checkpoints, receipts and
// consistency proofs, and a whole log in its tiles, at an address or in a folder. Reads a question a line (JSON),
// answers each with a line: "ok …" or "no …".
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type question struct {
	Do, Key, Origin, Receipt, Entry, Old, New, At string
	Proof                                          []string
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

// store reads the files of a tiled log (c2sp.org/tlog-tiles) below an address or a folder.
type store struct{ at string }

var errAbsent = fmt.Errorf("it is not there")

func (s store) file(path string) ([]byte, error) {
	if !strings.HasPrefix(s.at, "http") {
		found, err := os.ReadFile(filepath.Join(s.at, path))
		if os.IsNotExist(err) {
			return nil, errAbsent
		}
		return found, err
	}
	answer, err := http.Get(s.at + "/" + path)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode == 401 || answer.StatusCode == 404 {
		return nil, errAbsent
	}
	if answer.StatusCode != 200 {
		return nil, fmt.Errorf("%s: status %d", path, answer.StatusCode)
	}
	return io.ReadAll(answer.Body)
}

// path is where a tile lies: as Go writes it, without the height, which C2SP fixes.
func path(tile tlog.Tile) string {
	return "tile/" + strings.TrimPrefix(tile.Path(), "tile/8/")
}

func (s store) Height() int { return 8 }

func (s store) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	found := [][]byte{}
	for _, tile := range tiles {
		data, err := s.file(path(tile))
		if err != nil {
			return nil, fmt.Errorf("%s: %v", path(tile), err)
		}
		found = append(found, data)
	}
	return found, nil
}

func (s store) SaveTiles([]tlog.Tile, [][]byte) {}

// entries is what a bundle holds, each behind its length; nothing if the log does not show it.
func (s store) entries(tile tlog.Tile) ([][]byte, error) {
	raw, err := s.file("tile/entries/" + strings.TrimPrefix(path(tile), "tile/0/"))
	if err == errAbsent {
		return nil, nil
	}
	found := [][]byte{}
	for len(raw) > 0 {
		if len(raw) < 2 || len(raw) < 2+int(binary.BigEndian.Uint16(raw)) {
			return nil, fmt.Errorf("a bundle that breaks off")
		}
		size := int(binary.BigEndian.Uint16(raw))
		found, raw = append(found, raw[2:2+size]), raw[2+size:]
	}
	return found, err
}

// walk goes through a whole log: every tile is one of the signed tree, every entry that is shown the one hashed there.
func walk(q question) (string, error) {
	s := store{q.At}
	note, err := s.file("checkpoint")
	if err != nil {
		return "", err
	}
	head, err := opened(string(note), q)
	if err != nil {
		return "", err
	}
	hashes, shown := tlog.TileHashReader(tlog.Tree{N: head.size, Hash: head.root}, s), 0
	for first := int64(0); first < head.size; first += 256 {
		tile := tlog.Tile{H: 8, L: 0, N: first / 256, W: 256}
		if head.size-first < 256 {
			tile.W = int(head.size - first)
		}
		wanted := []int64{}
		for n := int64(0); n < int64(tile.W); n++ {
			wanted = append(wanted, tlog.StoredHashIndex(0, first+n))
		}
		leaves, err := hashes.ReadHashes(wanted)
		if err != nil {
			return "", err
		}
		entries, err := s.entries(tile)
		if err != nil {
			return "", err
		}
		if entries != nil && len(entries) != tile.W {
			return "", fmt.Errorf("%d entries where there are %d", len(entries), tile.W)
		}
		for n, entry := range entries {
			if tlog.RecordHash(entry) != leaves[n] {
				return "", fmt.Errorf("entry %d is not what was hashed", first+int64(n))
			}
		}
		shown += len(entries)
	}
	return fmt.Sprint(head.size, " ", shown), nil
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
	case "walk":
		return walk(q)
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
