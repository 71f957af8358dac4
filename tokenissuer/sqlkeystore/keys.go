package sqlkeystore

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"time"

	"example.com/stagedoor/tokenissuer"
)

const (
	maxKeyID   = 64
	maxKeyData = 8 << 10
	maxTime    = 253402300799 // the end of the year 9999, after which times cannot be written as text
)

// ListKeys implements [tokenissuer.KeyStore]. A row that no store can have written is skipped and logged: whatever stands in the table,
// the other keys are served.
func (s *Store) ListKeys(ctx context.Context) ([]tokenissuer.KeyRecord, error) {
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	const doing = "list keys"
	ctx, cancel := s.limited(ctx)
	defer cancel()
	rows, err := s.db.QueryContext(ctx, s.sql.listKeys)
	if err != nil {
		return nil, failed(ctx, doing, err)
	}
	defer func() { _ = rows.Close() }() // after rows.Err there is nothing more to learn
	var records []tokenissuer.KeyRecord
	var malformed int
	for rows.Next() {
		var id sql.NullString
		var length, expires sql.NullInt64
		var data []byte
		// Scan's error would quote the row.
		if err := rows.Scan(&id, &length, &data, &expires); err != nil || !expires.Valid || !complete(data, length) || checkKey(id.String, data, expires.Int64) != nil {
			malformed++
			continue
		}
		records = append(records, tokenissuer.KeyRecord{ID: id.String, Data: data, Expires: time.Unix(expires.Int64, 0).UTC()})
	}
	if err := rows.Err(); err != nil {
		return nil, failed(ctx, doing, err)
	}
	if malformed > 0 {
		s.logger.LogAttrs(ctx, slog.LevelError, "sqlkeystore: malformed key rows skipped", slog.Int("rows", malformed))
	}
	return records, nil
}

// CreateKey implements [tokenissuer.KeyStore]. It then deletes what expired more than an hour ago by the database's clock.
func (s *Store) CreateKey(ctx context.Context, r tokenissuer.KeyRecord) error {
	expires := r.Expires.Unix()
	if err := checkKey(r.ID, r.Data, expires); err != nil {
		return fmt.Errorf("sqlkeystore: create key: %w", err)
	}
	if err := s.ready(ctx); err != nil {
		return err
	}
	affected, err := s.exec(ctx, "create key", s.sql.createKey, r.ID, notNull(r.Data), expires)
	if err != nil {
		return err
	}
	if affected != 1 {
		return fmt.Errorf("sqlkeystore: create key: %w: %q", tokenissuer.ErrKeyExists, r.ID)
	}
	if _, err := s.exec(ctx, "delete expired keys", s.sql.deleteExpiredKeys, r.ID); err != nil {
		// The key is there. The next one tries again.
		s.logger.LogAttrs(ctx, slog.LevelWarn, "sqlkeystore: expired keys not deleted", slog.Any("error", err))
	}
	return nil
}

// DeleteKey implements [tokenissuer.KeyStore].
func (s *Store) DeleteKey(ctx context.Context, id string) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	_, err := s.exec(ctx, "delete key", s.sql.deleteKey, id)
	return err
}

// checkKey says what a record must not be. Databases that are not strict would shorten it silently.
func checkKey(id string, data []byte, expires int64) error {
	if id == "" || len(id) > maxKeyID {
		return fmt.Errorf("ID has %d bytes, want 1 to %d", len(id), maxKeyID)
	}
	for i := range len(id) {
		if id[i] < ' ' || id[i] > '~' {
			return fmt.Errorf("ID %q is not printable ASCII", id)
		}
	}
	if len(data) > maxKeyData {
		return fmt.Errorf("data has %d bytes, want at most %d", len(data), maxKeyData)
	}
	return checkExpires(expires)
}

func checkExpires(seconds int64) error {
	if seconds < 0 || seconds > maxTime {
		return fmt.Errorf("expires %d seconds after 1970, want 0 to %d", seconds, int64(maxTime))
	}
	return nil
}

// complete reports whether data is what stands in the row: it is missing if it is NULL there, or too long.
func complete(data []byte, length sql.NullInt64) bool {
	return length.Valid && int64(len(data)) == length.Int64
}

// notNull keeps drivers from storing no bytes as NULL.
func notNull(data []byte) []byte {
	if data == nil {
		return []byte{}
	}
	return data
}
