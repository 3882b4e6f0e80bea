package platform

// MaxDigested is how many bytes a file may have whose content is digested.
const MaxDigested = 64 << 20

// Digest stands for the content of a file, of which nothing else is told.
type Digest struct {
	Size   int64  `json:"size"`   // bytes
	SHA256 string `json:"sha256"` // of the whole content, 64 hexadecimal digits in small letters
}

// ReadDigest asks for the digest of a file's content. A missing file is ErrAbsent, one with more
// than MaxDigested bytes ErrTooLarge.
func ReadDigest(path string) Query[Digest] {
	return Query[Digest]{Question{Kind: KindDigest, Where: path}}
}
