// A key of the simulation. Wine's Schannel reads the private key of a client certificate from one place only, a CAPI
// container under HKCU\Software\Wine\Crypto\RSA, so that is where keys live. Signing and public export go through
// bcrypt with the same key. What CAPI cannot hold is kept in HKCU\Software\KeyGuardSim.
#pragma once

#include <windows.h>

#include <bcrypt.h>
#include <wincrypt.h>

#include <memory>
#include <string>
#include <vector>

#include <unique_handle.h>

namespace keyguard_sim {

using Bytes = std::vector<BYTE>;

constexpr DWORD kVirtualIsolationFlag = 0x00020000;
constexpr DWORD kPerBootFlag = 0x00040000;

struct ProviderTraits {
  using Raw = HCRYPTPROV;
  static void close(Raw provider) noexcept { ::CryptReleaseContext(provider, 0); }
};
using UniqueProvider = msal_mi::UniqueHandle<ProviderTraits>;

struct BcryptKeyTraits {
  using Raw = BCRYPT_KEY_HANDLE;
  static void close(Raw key) noexcept { ::BCryptDestroyKey(key); }
};
using UniqueBcryptKey = msal_mi::UniqueHandle<BcryptKeyTraits>;

class ContainerKey {
 public:
  // Starts a key that has no secret yet. An empty name: the key is nameless and vanishes with its handle.
  static SECURITY_STATUS Create(const std::wstring& name, DWORD flags, std::shared_ptr<ContainerKey>& key);
  static SECURITY_STATUS Open(const std::wstring& name, std::shared_ptr<ContainerKey>& key);
  static bool Exists(const std::wstring& name);

  ~ContainerKey();

  // Makes the secret and stores it.
  SECURITY_STATUS Finalize();
  SECURITY_STATUS Sign(void* padding, const Bytes& digest, BYTE* signature, DWORD size, DWORD* needed,
                       DWORD flags) const;
  SECURITY_STATUS Export(const wchar_t* blob_type, Bytes& blob) const;
  SECURITY_STATUS Delete();

  // Windows accepts an NCRYPT_KEY_HANDLE in CERT_KEY_CONTEXT; Wine's Schannel takes that handle for an HCRYPTPROV. Here
  // it is both.
  HCRYPTPROV handle() const { return provider_.get(); }
  const std::wstring& name() const { return name_; }
  bool is_finalized() const { return finalized_; }
  bool is_isolated() const { return (flags_ & kVirtualIsolationFlag) != 0; }

  DWORD bits = 2048;
  DWORD export_policy = 0;

 private:
  bool IsOfAnotherBoot() const;

  std::wstring name_;
  std::wstring record_;     // where the registry says which container holds the key of that name
  std::wstring container_;  // of this key alone
  std::wstring boot_id_;
  DWORD flags_ = 0;
  bool finalized_ = false;
  bool nameless_ = false;
  UniqueProvider provider_;
  UniqueBcryptKey key_;
};

}  // namespace keyguard_sim
