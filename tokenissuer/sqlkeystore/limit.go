package sqlkeystore

import (
	"context"
	"errors"
	"fmt"
	"time"
)

func lateError(timeout time.Duration) error {
	return fmt.Errorf("no answer from the database within %v: %w", timeout, context.DeadlineExceeded)
}

// limited gives one statement its time. The host waits for the answer, so a database that hangs must count as one that is down.
func (s *Store) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, s.timeout, s.late)
}

// failed wraps the error of a statement that ran under ctx. Drivers have words of their own for a context that ended, such as
// "interrupted": the error says what it was, and wraps that.
func failed(ctx context.Context, doing string, err error) error {
	cause := context.Cause(ctx)
	if cause == nil {
		return fmt.Errorf("sqlkeystore: %s: %w", doing, err)
	}
	if errors.Is(err, ctx.Err()) {
		return fmt.Errorf("sqlkeystore: %s: %w", doing, cause)
	}
	return fmt.Errorf("sqlkeystore: %s: %w (%w)", doing, cause, err)
}

// exec runs one statement and returns how many rows it affected.
func (s *Store) exec(ctx context.Context, doing, statement string, args ...any) (int64, error) {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	result, err := s.db.ExecContext(ctx, statement, args...)
	if err != nil {
		return 0, failed(ctx, doing, err)
	}
	affected, err := result.RowsAffected()
	if err != nil {
		return 0, failed(ctx, doing, err)
	}
	return affected, nil
}
