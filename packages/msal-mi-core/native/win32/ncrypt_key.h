// RSA keys in a CNG key storage provider. Every function opens its own handle and closes it before it returns.
#pragma once

#include <cstdint>
#include <vector>

#include "named_key.h"

namespace msal_mi {

struct RsaPublicKey {
  std::vector<std::uint8_t> modulus;   // big endian
  std::vector<std::uint8_t> exponent;  // big endian
};

struct KeyProbe {
  RsaPublicKey public_key;
  std::vector<std::uint8_t> isolation;  // the property "Virtual Iso", as it came
  bool is_isolated = false;             // by it: virtualization-based security holds the key
};

// Opens the key, signs with it and asks whether it is isolated. A per-boot key keeps its file after a reboot but loses
// its secret: opening proves nothing, signing does.
KeyProbe ProbeKey(const NamedKey& key);

// Replaces the key by a new isolated, per-boot, non-exportable RSA key and probes it.
KeyProbe CreateIsolatedKey(const NamedKey& key, std::uint32_t bits);

// RSASSA-PSS over a SHA-256 digest, salt of 32 bytes. Fails with NTE_BAD_PUBLIC_KEY when the key of that name is no
// longer the one with `expected` as public key.
std::vector<std::uint8_t> SignPssSha256(const NamedKey& key, const RsaPublicKey& expected,
                                        const std::vector<std::uint8_t>& digest);

// Whether the provider would make an isolated key. Starts a nameless key and drops it unfinished: nothing is generated
// and nothing is stored.
bool SupportsIsolatedKeys(const NamedKey& key);

}  // namespace msal_mi
