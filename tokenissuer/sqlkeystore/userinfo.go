package sqlkeystore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"example.com/stagedoor/tokenissuer"
)

const (
	maxUserInfo = 1 << 20
	// purgeEvery is after how many records of this process expired ones are deleted. With purgeBatch they go faster than they come.
	purgeEvery = 100
)

// PutUserInfo implements [tokenissuer.UserInfoStore]. Once in a hundred times it then deletes up to 500 expired rows.
func (s *Store) PutUserInfo(ctx context.Context, key [sha256.Size]byte, record []byte, expires time.Time) error {
	const doing = "put userinfo"
	if len(record) > maxUserInfo {
		return fmt.Errorf("sqlkeystore: %s: record has %d bytes, want at most %d", doing, len(record), maxUserInfo)
	}
	if err := checkExpires(expires.Unix()); err != nil {
		return fmt.Errorf("sqlkeystore: %s: %w", doing, err)
	}
	if err := s.ready(ctx); err != nil {
		return err
	}
	affected, err := s.exec(ctx, doing, s.sql.putUserInfo, key[:], notNull(record), expires.Unix())
	if err != nil {
		return err
	}
	if affected != 1 {
		present, found, err := s.readUserInfo(ctx, doing, s.sql.anyUserInfo, key)
		switch {
		case err != nil:
			return err
		case !found:
			return fmt.Errorf("sqlkeystore: %s: an expired record was in the way", doing)
		case !bytes.Equal(present, record):
			return fmt.Errorf("sqlkeystore: %s: %w", doing, tokenissuer.ErrUserInfoExists)
		}
		return nil
	}
	if s.puts.Add(1)%purgeEvery == 1 {
		if _, err := s.exec(ctx, "delete expired userinfo", s.sql.purgeUserInfo); err != nil {
			s.logger.LogAttrs(ctx, slog.LevelWarn, "sqlkeystore: expired userinfo not deleted", slog.Any("error", err))
		}
	}
	return nil
}

// UserInfo implements [tokenissuer.UserInfoStore]. A record is found until five minutes after it expired by the database's clock,
// which may be ahead of the issuer's.
func (s *Store) UserInfo(ctx context.Context, key [sha256.Size]byte) (record []byte, found bool, err error) {
	if err := s.ready(ctx); err != nil {
		return nil, false, err
	}
	return s.readUserInfo(ctx, "userinfo", s.sql.userInfo, key)
}

func (s *Store) readUserInfo(ctx context.Context, doing, statement string, key [sha256.Size]byte) (record []byte, found bool, err error) {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	var length sql.NullInt64
	err = s.db.QueryRowContext(ctx, statement, key[:]).Scan(&length, &record)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, false, nil
	case err != nil:
		return nil, false, failed(ctx, doing, err)
	case !complete(record, length):
		return nil, false, fmt.Errorf("sqlkeystore: %s: malformed row", doing)
	}
	return record, true, nil
}
