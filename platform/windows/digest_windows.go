package windows

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/windows"

	"siteready/platform"
	"siteready/platform/dotnet"
)

// digestChunk is how much of a file is read at once. Between two chunks the end of the time is
// noticed.
const digestChunk = 1 << 20

// readDigest reads a file for a digest of its content: its runtime settings, or its size and sum.
// It does not keep others from writing.
func readDigest(ctx context.Context, path, what string) (any, error) {
	if err := wantAbsolute(path); err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, statFailed(path, err)
	case info.IsDir():
		return nil, platform.Refuse(platform.ErrMalformed, "%s is a folder, not a file", path)
	case !info.Mode().IsRegular():
		return nil, platform.Refuse(platform.ErrMalformed, "%s is a device, not a file", path)
	}
	const right = "read this file"
	handle, err := open(path, windows.GENERIC_READ)
	if err != nil {
		return nil, call{api: "CreateFile", target: path, right: right}.refused(err)
	}
	file := os.NewFile(uintptr(handle), path)
	var digest any
	if what == platform.DigestRuntime {
		digest, err = dotnet.Runtime(file, path)
	} else {
		digest, err = digested(ctx, file, path)
	}
	err = errors.Join(err, file.Close())
	var no *platform.NoAnswer
	switch {
	case errors.As(err, &no):
		return nil, no
	case err != nil:
		return nil, call{api: "ReadFile", target: path, right: right}.refused(err)
	}
	return digest, nil
}

// digested reads up to the limit, whatever size the file was said to have.
func digested(ctx context.Context, content io.Reader, path string) (platform.Digest, error) {
	sum, size := sha256.New(), int64(0)
	for {
		n, err := io.CopyN(sum, content, digestChunk)
		size += n
		switch {
		case size > platform.MaxDigested:
			return platform.Digest{}, platform.Refuse(platform.ErrTooLarge, "%s has more than %d bytes", path, int64(platform.MaxDigested))
		case errors.Is(err, io.EOF):
			return platform.Digest{Size: size, SHA256: fmt.Sprintf("%x", sum.Sum(nil))}, nil
		case err != nil:
			return platform.Digest{}, err
		case ctx.Err() != nil:
			return platform.Digest{}, platform.Refuse(platform.ErrTimeout, "%s was read up to byte %d before the time was up", path, size)
		}
	}
}
