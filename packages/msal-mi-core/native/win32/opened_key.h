#pragma once

#include <ncrypt_handles.h>

#include <vector>

#include "named_key.h"
#include "ncrypt_key.h"

namespace msal_mi {

// The key is closed before its provider.
struct OpenedKey {
  UniqueNCryptProvider provider;
  UniqueNCryptKey key;
};

OpenedKey OpenNamedKey(const NamedKey& key);

// Throws NTE_BAD_PUBLIC_KEY when the key is another one.
void RequirePublicKey(NCRYPT_KEY_HANDLE key, const RsaPublicKey& expected);

// The key in a BCRYPT_RSAPUBLIC_BLOB that `api` gave.
RsaPublicKey ReadRsaPublicBlob(const char* api, const std::vector<std::uint8_t>& blob);

}  // namespace msal_mi
