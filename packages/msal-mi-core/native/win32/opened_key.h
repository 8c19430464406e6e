#pragma once

#include <ncrypt_handles.h>

#include "named_key.h"

namespace msal_mi {

// The key is closed before its provider.
struct OpenedKey {
  UniqueNCryptProvider provider;
  UniqueNCryptKey key;
};

OpenedKey OpenNamedKey(const NamedKey& key);

}  // namespace msal_mi
