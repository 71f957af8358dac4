package samlauth

import (
	"crypto/aes"
	"crypto/cipher"
	"testing"

	"github.com/stretchr/testify/require"
)

// XML Encryption's padding says its length in the last byte, and nothing in the others.
func TestPadding(t *testing.T) {
	block, err := aes.NewCipher(make([]byte, 16))
	require.NoError(t, err)
	for last, want := range map[byte]int{0: -1, 1: 31, 15: 17, 16: 16, 17: -1, 255: -1} {
		plaintext := make([]byte, 32)
		plaintext[31] = last
		ciphertext := make([]byte, 48)
		cipher.NewCBCEncrypter(block, ciphertext[:16]).CryptBlocks(ciphertext[16:], plaintext)
		got, err := decryptCBC(block, ciphertext)
		if want < 0 {
			require.Error(t, err, last)
			continue
		}
		require.NoError(t, err, last)
		require.Len(t, got, want)
	}
	for _, size := range []int{0, 1, 16, 31, 33} {
		_, err := decryptCBC(block, make([]byte, size))
		require.Error(t, err, size)
	}
}
