#pragma once

#include <windows.h>

#include <ncrypt.h>

#include <unique_handle.h>

namespace msal_mi {

struct NCryptProviderTraits {
  using Raw = NCRYPT_PROV_HANDLE;
  static void close(Raw provider) noexcept { ::NCryptFreeObject(provider); }
};
using UniqueNCryptProvider = UniqueHandle<NCryptProviderTraits>;

struct NCryptKeyTraits {
  using Raw = NCRYPT_KEY_HANDLE;
  static void close(Raw key) noexcept { ::NCryptFreeObject(key); }
};
using UniqueNCryptKey = UniqueHandle<NCryptKeyTraits>;

}  // namespace msal_mi
