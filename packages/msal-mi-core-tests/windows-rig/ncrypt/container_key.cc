#include "container_key.h"

#include <ncrypt.h>

#include <cstring>

#include "rsa_blobs.h"
#include "settings.h"

// NTE_VBS_CANNOT_DECRYPT_KEY, absent from the mingw-w64 headers of 2022.
#define RIG_NTE_VBS_CANNOT_DECRYPT_KEY static_cast<SECURITY_STATUS>(0x80890015)

namespace keyguard_sim {
namespace {

constexpr wchar_t kCapiProvider[] = L"Microsoft Enhanced RSA and AES Cryptographic Provider";

struct RegistryKeyTraits {
  using Raw = HKEY;
  static void close(Raw key) noexcept { ::RegCloseKey(key); }
};
using UniqueRegistryKey = msal_mi::UniqueHandle<RegistryKeyTraits>;

struct AlgorithmTraits {
  using Raw = BCRYPT_ALG_HANDLE;
  static void close(Raw algorithm) noexcept { ::BCryptCloseAlgorithmProvider(algorithm, 0); }
};
using UniqueAlgorithm = msal_mi::UniqueHandle<AlgorithmTraits>;

struct CapiKeyTraits {
  using Raw = HCRYPTKEY;
  static void close(Raw key) noexcept { ::CryptDestroyKey(key); }
};
using UniqueCapiKey = msal_mi::UniqueHandle<CapiKeyTraits>;

SECURITY_STATUS FromNt(NTSTATUS status) {
  switch (static_cast<ULONG>(status)) {
    case 0:
      return ERROR_SUCCESS;
    case 0xC0000023:
      return NTE_BUFFER_TOO_SMALL;
    case 0xC000000D:
      return NTE_INVALID_PARAMETER;
    case 0xC00000BB:
      return NTE_NOT_SUPPORTED;
    default:
      return NTE_INTERNAL_ERROR;
  }
}

UniqueAlgorithm RsaAlgorithm() {
  UniqueAlgorithm algorithm;
  ::BCryptOpenAlgorithmProvider(algorithm.out(), BCRYPT_RSA_ALGORITHM, nullptr, 0);
  return algorithm;
}

std::wstring RecordName(const std::wstring& name) {
  return L"kgsim-" + Setting(L"KEYGUARD_SIM_NAMESPACE") + L"-" + name;
}
std::wstring RegistryPath(const std::wstring& record) { return L"Software\\KeyGuardSim\\" + record; }

// Another one for every key: Wine writes a container back when the last handle to it is closed, and the one of a former
// key of the same name must not overwrite its successor's.
std::wstring NewContainerName(const std::wstring& record) {
  LARGE_INTEGER now;
  ::QueryPerformanceCounter(&now);
  return record + L"-" + std::to_wstring(::GetCurrentProcessId()) + L"-" + std::to_wstring(now.QuadPart);
}

DWORD ReadDword(HKEY key, const wchar_t* name) {
  DWORD value = 0;
  DWORD size = sizeof(value);
  ::RegQueryValueExW(key, name, nullptr, nullptr, reinterpret_cast<BYTE*>(&value), &size);
  return value;
}

void WriteDword(HKEY key, const wchar_t* name, DWORD value) {
  ::RegSetValueExW(key, name, 0, REG_DWORD, reinterpret_cast<const BYTE*>(&value), sizeof(value));
}

std::wstring ReadText(HKEY key, const wchar_t* name) {
  wchar_t text[512] = L"";
  DWORD size = sizeof(text) - sizeof(wchar_t);
  ::RegQueryValueExW(key, name, nullptr, nullptr, reinterpret_cast<BYTE*>(text), &size);
  return text;
}

void WriteText(HKEY key, const wchar_t* name, const std::wstring& text) {
  ::RegSetValueExW(key, name, 0, REG_SZ, reinterpret_cast<const BYTE*>(text.c_str()),
                   static_cast<DWORD>((text.size() + 1) * sizeof(wchar_t)));
}

void DeleteContainer(const std::wstring& container) {
  HCRYPTPROV none = 0;
  ::CryptAcquireContextW(&none, container.c_str(), kCapiProvider, PROV_RSA_AES, CRYPT_DELETEKEYSET);
}

void DeleteRecord(const std::wstring& record) {
  UniqueRegistryKey stored;
  if (::RegOpenKeyExW(HKEY_CURRENT_USER, RegistryPath(record).c_str(), 0, KEY_READ, stored.out()) != 0) return;
  DeleteContainer(ReadText(stored.get(), L"Container"));
  stored.reset();
  ::RegDeleteKeyW(HKEY_CURRENT_USER, RegistryPath(record).c_str());
}

}  // namespace

bool ContainerKey::Exists(const std::wstring& name) {
  UniqueRegistryKey key;
  return ::RegOpenKeyExW(HKEY_CURRENT_USER, RegistryPath(RecordName(name)).c_str(), 0, KEY_READ, key.out()) == 0;
}

SECURITY_STATUS ContainerKey::Create(const std::wstring& name, DWORD flags, std::shared_ptr<ContainerKey>& key) {
  auto created = std::make_shared<ContainerKey>();
  created->nameless_ = name.empty();
  created->name_ = created->nameless_ ? L"nameless-" + std::to_wstring(::GetCurrentProcessId()) + L"-" +
                                            std::to_wstring(reinterpret_cast<ULONG_PTR>(created.get()))
                                      : name;
  created->record_ = RecordName(created->name_);
  created->container_ = NewContainerName(created->record_);
  created->flags_ = flags;
  DeleteRecord(created->record_);
  if (!::CryptAcquireContextW(created->provider_.out(), created->container_.c_str(), kCapiProvider, PROV_RSA_AES,
                              CRYPT_NEWKEYSET)) {
    return NTE_FAIL;
  }
  key = std::move(created);
  return ERROR_SUCCESS;
}

SECURITY_STATUS ContainerKey::Open(const std::wstring& name, std::shared_ptr<ContainerKey>& key) {
  auto opened = std::make_shared<ContainerKey>();
  opened->name_ = name;
  opened->record_ = RecordName(name);

  UniqueRegistryKey stored;
  if (::RegOpenKeyExW(HKEY_CURRENT_USER, RegistryPath(opened->record_).c_str(), 0, KEY_READ, stored.out()) != 0) {
    return NTE_BAD_KEYSET;
  }
  opened->flags_ = ReadDword(stored.get(), L"Flags");
  opened->export_policy = ReadDword(stored.get(), L"ExportPolicy");
  opened->bits = ReadDword(stored.get(), L"Bits");
  opened->container_ = ReadText(stored.get(), L"Container");
  opened->boot_id_ = ReadText(stored.get(), L"BootId");

  if (!::CryptAcquireContextW(opened->provider_.out(), opened->container_.c_str(), kCapiProvider, PROV_RSA_AES, 0)) {
    return NTE_BAD_KEYSET;
  }
  UniqueCapiKey capi_key;
  Bytes blob(8192);
  DWORD blob_size = static_cast<DWORD>(blob.size());
  if (!::CryptGetUserKey(opened->provider_.get(), AT_KEYEXCHANGE, capi_key.out()) ||
      !::CryptExportKey(capi_key.get(), 0, PRIVATEKEYBLOB, 0, blob.data(), &blob_size)) {
    return NTE_BAD_KEYSET;
  }
  blob.resize(blob_size);
  Bytes cng = CapiToCng(blob);
  const NTSTATUS status = ::BCryptImportKeyPair(RsaAlgorithm().get(), nullptr, BCRYPT_RSAFULLPRIVATE_BLOB,
                                                opened->key_.out(), cng.data(), static_cast<ULONG>(cng.size()), 0);
  if (status != 0) return FromNt(status);
  opened->finalized_ = true;
  key = std::move(opened);
  return ERROR_SUCCESS;
}

ContainerKey::~ContainerKey() {
  provider_.reset();
  if (nameless_ || !finalized_) DeleteContainer(container_);
}

SECURITY_STATUS ContainerKey::Finalize() {
  if (finalized_) return NTE_INVALID_HANDLE;
  NTSTATUS status = ::BCryptGenerateKeyPair(RsaAlgorithm().get(), key_.out(), bits, 0);
  if (status == 0) status = ::BCryptFinalizeKeyPair(key_.get(), 0);
  if (status != 0) return FromNt(status);

  Bytes cng;
  if (const SECURITY_STATUS exported = Export(BCRYPT_RSAFULLPRIVATE_BLOB, cng)) return exported;
  const Bytes capi = CngToCapi(cng);
  UniqueCapiKey stored_key;
  if (!::CryptImportKey(provider_.get(), capi.data(), static_cast<DWORD>(capi.size()), 0, CRYPT_EXPORTABLE,
                        stored_key.out())) {
    return NTE_FAIL;
  }
  finalized_ = true;
  boot_id_ = Setting(L"KEYGUARD_SIM_BOOT_ID");
  if (nameless_) return ERROR_SUCCESS;

  UniqueRegistryKey stored;
  if (::RegCreateKeyExW(HKEY_CURRENT_USER, RegistryPath(record_).c_str(), 0, nullptr, 0, KEY_WRITE, nullptr,
                        stored.out(), nullptr) != 0) {
    return NTE_FAIL;
  }
  WriteDword(stored.get(), L"Flags", flags_);
  WriteDword(stored.get(), L"ExportPolicy", export_policy);
  WriteDword(stored.get(), L"Bits", bits);
  WriteText(stored.get(), L"BootId", boot_id_);
  WriteText(stored.get(), L"Container", container_);
  return ERROR_SUCCESS;
}

SECURITY_STATUS ContainerKey::Sign(void* padding, const Bytes& digest, BYTE* signature, DWORD size, DWORD* needed,
                                   DWORD flags) const {
  if (!finalized_) return NTE_INVALID_HANDLE;
  if (IsOfAnotherBoot()) return RIG_NTE_VBS_CANNOT_DECRYPT_KEY;
  return FromNt(::BCryptSignHash(key_.get(), padding, const_cast<BYTE*>(digest.data()),
                                 static_cast<ULONG>(digest.size()), signature, size, needed,
                                 flags & ~NCRYPT_SILENT_FLAG));
}

SECURITY_STATUS ContainerKey::Export(const wchar_t* blob_type, Bytes& blob) const {
  DWORD size = 0;
  NTSTATUS status = ::BCryptExportKey(key_.get(), nullptr, blob_type, nullptr, 0, &size, 0);
  if (status != 0) return FromNt(status);
  blob.resize(size);
  return FromNt(::BCryptExportKey(key_.get(), nullptr, blob_type, blob.data(), size, &size, 0));
}

SECURITY_STATUS ContainerKey::Delete() {
  provider_.reset();
  DeleteRecord(record_);
  return ERROR_SUCCESS;
}

bool ContainerKey::IsOfAnotherBoot() const {
  return (flags_ & kPerBootFlag) != 0 && boot_id_ != Setting(L"KEYGUARD_SIM_BOOT_ID");
}

}  // namespace keyguard_sim
