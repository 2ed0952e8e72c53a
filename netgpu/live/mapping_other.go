//go:build !linux

package live

import (
	"errors"
	"os"
)

func createFile(int64) (*os.File, error) { return nil, errors.ErrUnsupported }

func mapFile(*os.File, int) ([]byte, error) { return nil, errors.ErrUnsupported }

func unmap([]byte) error { return errors.ErrUnsupported }
