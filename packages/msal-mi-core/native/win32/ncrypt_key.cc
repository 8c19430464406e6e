#include "opened_key.h"  // <windows.h> first

#include "ncrypt_key.h"

#include <bcrypt.h>

#include <cstring>

#include <wide_string.h>
#include <win32_error.h>

// Absent from the mingw-w64 headers of 2022.
#ifndef NCRYPT_USE_VIRTUAL_ISOLATION_FLAG
#define NCRYPT_USE_VIRTUAL_ISOLATION_FLAG 0x00020000
#endif
#ifndef NCRYPT_USE_PER_BOOT_KEY_FLAG
#define NCRYPT_USE_PER_BOOT_KEY_FLAG 0x00040000
#endif
#ifndef NTE_VBS_UNAVAILABLE
#define NTE_VBS_UNAVAILABLE static_cast<SECURITY_STATUS>(0x80890014)
#endif

namespace msal_mi {
namespace {

constexpr DWORD kSha256Bytes = 32;
constexpr wchar_t kVirtualIsolationProperty[] = L"Virtual Iso";

DWORD ScopeFlags(const NamedKey& key) { return NCRYPT_SILENT_FLAG | (key.machine_scope ? NCRYPT_MACHINE_KEY_FLAG : 0); }

UniqueNCryptProvider OpenProvider(const NamedKey& key) {
  UniqueNCryptProvider provider;
  ThrowIfFailed("NCryptOpenStorageProvider",
                ::NCryptOpenStorageProvider(provider.out(), ToWide(key.provider_name).c_str(), 0));
  return provider;
}

RsaPublicKey ExportPublicKey(NCRYPT_KEY_HANDLE key) {
  DWORD size = 0;
  ThrowIfFailed("NCryptExportKey",
                ::NCryptExportKey(key, 0, BCRYPT_RSAPUBLIC_BLOB, nullptr, nullptr, 0, &size, NCRYPT_SILENT_FLAG));
  std::vector<std::uint8_t> blob(size);
  ThrowIfFailed("NCryptExportKey", ::NCryptExportKey(key, 0, BCRYPT_RSAPUBLIC_BLOB, nullptr, blob.data(), size, &size,
                                                     NCRYPT_SILENT_FLAG));
  blob.resize(size);
  return ReadRsaPublicBlob("NCryptExportKey", blob);
}

std::vector<std::uint8_t> SignDigest(NCRYPT_KEY_HANDLE key, const std::vector<std::uint8_t>& digest) {
  if (digest.size() != kSha256Bytes) throw Win32Error("NCryptSignHash", kErrorInvalidParameter);
  BCRYPT_PSS_PADDING_INFO padding{};
  padding.pszAlgId = BCRYPT_SHA256_ALGORITHM;
  padding.cbSalt = kSha256Bytes;
  // The API takes a pointer to non-const and does not write to it.
  auto* hash = const_cast<PBYTE>(digest.data());
  DWORD size = 0;
  ThrowIfFailed("NCryptSignHash", ::NCryptSignHash(key, &padding, hash, kSha256Bytes, nullptr, 0, &size,
                                                   BCRYPT_PAD_PSS | NCRYPT_SILENT_FLAG));
  std::vector<std::uint8_t> signature(size);
  ThrowIfFailed("NCryptSignHash", ::NCryptSignHash(key, &padding, hash, kSha256Bytes, signature.data(), size, &size,
                                                   BCRYPT_PAD_PSS | NCRYPT_SILENT_FLAG));
  signature.resize(size);
  return signature;
}

// Empty for a key without isolation, which does not have the property.
std::vector<std::uint8_t> Isolation(NCRYPT_KEY_HANDLE key) {
  std::vector<std::uint8_t> value(64);
  DWORD size = 0;
  const SECURITY_STATUS status = ::NCryptGetProperty(key, kVirtualIsolationProperty, value.data(),
                                                     static_cast<DWORD>(value.size()), &size, NCRYPT_SILENT_FLAG);
  // An answer. Everything else says nothing about the key.
  if (status == NTE_NOT_FOUND || status == NTE_NOT_SUPPORTED) return {};
  ThrowIfFailed("NCryptGetProperty", status);
  value.resize(size);
  return value;
}

KeyProbe Probe(NCRYPT_KEY_HANDLE key) {
  SignDigest(key, std::vector<std::uint8_t>(kSha256Bytes, 0));
  KeyProbe probe{ExportPublicKey(key), Isolation(key)};
  // Its type is nowhere documented. .NET's rule is the one of record: there, and its first byte is not 0.
  probe.is_isolated = !probe.isolation.empty() && probe.isolation[0] != 0;
  return probe;
}

void SetDword(NCRYPT_KEY_HANDLE key, const wchar_t* property, DWORD value) {
  ThrowIfFailed("NCryptSetProperty",
                ::NCryptSetProperty(key, property, reinterpret_cast<PBYTE>(&value), sizeof(value), NCRYPT_SILENT_FLAG));
}

}  // namespace

OpenedKey OpenNamedKey(const NamedKey& key) {
  OpenedKey opened;
  opened.provider = OpenProvider(key);
  ThrowIfFailed("NCryptOpenKey", ::NCryptOpenKey(opened.provider.get(), opened.key.out(), ToWide(key.key_name).c_str(),
                                                 0, ScopeFlags(key)));
  return opened;
}

RsaPublicKey ReadRsaPublicBlob(const char* api, const std::vector<std::uint8_t>& blob) {
  // BCRYPT_RSAKEY_BLOB, then exponent, then modulus.
  BCRYPT_RSAKEY_BLOB header{};
  if (blob.size() < sizeof(header)) throw Win32Error(api, static_cast<std::uint32_t>(NTE_BAD_DATA));
  std::memcpy(&header, blob.data(), sizeof(header));
  const std::size_t body = blob.size() - sizeof(header);
  if (header.Magic != BCRYPT_RSAPUBLIC_MAGIC || header.cbPublicExp > body ||
      header.cbModulus != body - header.cbPublicExp) {
    throw Win32Error(api, static_cast<std::uint32_t>(NTE_BAD_DATA));
  }
  const auto exponent = blob.begin() + sizeof(header);
  const auto modulus = exponent + static_cast<std::ptrdiff_t>(header.cbPublicExp);
  return {{modulus, blob.end()}, {exponent, modulus}};
}

void RequirePublicKey(NCRYPT_KEY_HANDLE key, const RsaPublicKey& expected) {
  const RsaPublicKey actual = ExportPublicKey(key);
  if (actual.modulus != expected.modulus || actual.exponent != expected.exponent) {
    throw Win32Error("NCryptOpenKey", static_cast<std::uint32_t>(NTE_BAD_PUBLIC_KEY));
  }
}

KeyProbe ProbeKey(const NamedKey& key) { return Probe(OpenNamedKey(key).key.get()); }

KeyProbe CreateIsolatedKey(const NamedKey& key, std::uint32_t bits) {
  OpenedKey created;
  created.provider = OpenProvider(key);
  const DWORD flags = NCRYPT_OVERWRITE_KEY_FLAG | NCRYPT_USE_VIRTUAL_ISOLATION_FLAG | NCRYPT_USE_PER_BOOT_KEY_FLAG |
                      (key.machine_scope ? NCRYPT_MACHINE_KEY_FLAG : 0);
  ThrowIfFailed("NCryptCreatePersistedKey",
                ::NCryptCreatePersistedKey(created.provider.get(), created.key.out(), BCRYPT_RSA_ALGORITHM,
                                           ToWide(key.key_name).c_str(), 0, flags));
  SetDword(created.key.get(), NCRYPT_LENGTH_PROPERTY, bits);
  SetDword(created.key.get(), NCRYPT_EXPORT_POLICY_PROPERTY, 0);
  ThrowIfFailed("NCryptFinalizeKey", ::NCryptFinalizeKey(created.key.get(), NCRYPT_SILENT_FLAG));
  return Probe(created.key.get());
}

std::vector<std::uint8_t> SignPssSha256(const NamedKey& key, const RsaPublicKey& expected,
                                        const std::vector<std::uint8_t>& digest) {
  const OpenedKey opened = OpenNamedKey(key);
  RequirePublicKey(opened.key.get(), expected);
  return SignDigest(opened.key.get(), digest);
}

bool SupportsIsolatedKeys(const NamedKey& key) {
  const UniqueNCryptProvider provider = OpenProvider(key);
  UniqueNCryptKey unfinished;
  // Not per boot as well: that is said of keys that are kept, and a key without a name is not.
  const SECURITY_STATUS status = ::NCryptCreatePersistedKey(provider.get(), unfinished.out(), BCRYPT_RSA_ALGORITHM,
                                                            nullptr, 0, NCRYPT_USE_VIRTUAL_ISOLATION_FLAG);
  if (status == NTE_VBS_UNAVAILABLE || status == NTE_NOT_SUPPORTED) return false;
  ThrowIfFailed("NCryptCreatePersistedKey", status);
  return true;
}

}  // namespace msal_mi
