#include "rsa_blobs.h"

#include <bcrypt.h>
#include <wincrypt.h>

#include <algorithm>

namespace keyguard_sim {
namespace {

using Bytes = std::vector<BYTE>;

constexpr DWORD kRsa2Magic = 0x32415352;  // "RSA2"

template <typename Header>
void AppendHeader(Bytes& out, const Header& header) {
  const auto* bytes = reinterpret_cast<const BYTE*>(&header);
  out.insert(out.end(), bytes, bytes + sizeof(header));
}

// Takes `size` bytes off `from` and appends them in reverse, with zeros behind up to `width`.
void AppendReversed(Bytes& out, const BYTE*& from, std::size_t size, std::size_t width) {
  std::reverse_copy(from, from + size, std::back_inserter(out));
  out.insert(out.end(), width - size, 0);
  from += size;
}

}  // namespace

Bytes CngToCapi(const Bytes& cng) {
  const auto* header = reinterpret_cast<const BCRYPT_RSAKEY_BLOB*>(cng.data());
  const BYTE* at = cng.data() + sizeof(*header);
  const std::size_t full = header->BitLength / 8;
  const std::size_t half = header->BitLength / 16;
  DWORD exponent = 0;
  for (DWORD i = 0; i < header->cbPublicExp; ++i) exponent = exponent << 8 | *at++;

  Bytes out;
  AppendHeader(out, BLOBHEADER{PRIVATEKEYBLOB, CUR_BLOB_VERSION, 0, CALG_RSA_KEYX});
  AppendHeader(out, RSAPUBKEY{kRsa2Magic, header->BitLength, exponent});
  AppendReversed(out, at, header->cbModulus, full);
  AppendReversed(out, at, header->cbPrime1, half);
  AppendReversed(out, at, header->cbPrime2, half);
  AppendReversed(out, at, header->cbPrime1, half);  // d mod (p - 1)
  AppendReversed(out, at, header->cbPrime2, half);  // d mod (q - 1)
  AppendReversed(out, at, header->cbPrime1, half);  // q^-1 mod p
  AppendReversed(out, at, header->cbModulus, full);
  return out;
}

Bytes CapiToCng(const Bytes& capi) {
  const auto* header = reinterpret_cast<const RSAPUBKEY*>(capi.data() + sizeof(BLOBHEADER));
  const BYTE* at = reinterpret_cast<const BYTE*>(header + 1);
  const ULONG full = header->bitlen / 8;
  const ULONG half = header->bitlen / 16;
  Bytes exponent;
  for (int shift = 24; shift >= 0; shift -= 8) {
    const BYTE byte = static_cast<BYTE>(header->pubexp >> shift);
    if (!exponent.empty() || byte != 0) exponent.push_back(byte);
  }

  Bytes out;
  AppendHeader(out, BCRYPT_RSAKEY_BLOB{BCRYPT_RSAFULLPRIVATE_MAGIC, header->bitlen, static_cast<ULONG>(exponent.size()),
                                       full, half, half});
  out.insert(out.end(), exponent.begin(), exponent.end());
  for (const ULONG size : {full, half, half, half, half, half, full}) AppendReversed(out, at, size, size);
  return out;
}

}  // namespace keyguard_sim
