// TEST ONLY: stands in for ncrypt.dll in a Wine prefix and plays a host with KeyGuard. Never part of a package, never
// to be loaded on Windows. settings.h says how tests steer it.
#include "container_key.h"  // <windows.h> first

#include <ncrypt.h>

#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "dotnet_support.h"
#include "renegotiation.h"
#include "settings.h"
#include "store_faults.h"
#include "tls13.h"

#define RIG_NTE_VBS_UNAVAILABLE static_cast<SECURITY_STATUS>(0x80890014)
#define RIG_EXPORT extern "C" __declspec(dllexport)

namespace keyguard_sim {
namespace {

// Handles given out by this DLL.
struct Handles {
  std::recursive_mutex mutex;
  std::map<NCRYPT_HANDLE, std::shared_ptr<ContainerKey>> keys;
  std::set<NCRYPT_HANDLE> providers;
  NCRYPT_HANDLE last_provider = 0;

  NCRYPT_PROV_HANDLE NewProvider() {
    last_provider += 16;  // never a value that a CAPI provider, a pointer, could have
    providers.insert(last_provider);
    return last_provider;
  }

  std::shared_ptr<ContainerKey> Key(NCRYPT_HANDLE handle) const {
    const auto found = keys.find(handle);
    return found == keys.end() ? nullptr : found->second;
  }
};

Handles& AllHandles() {
  static Handles handles;
  return handles;
}

SECURITY_STATUS Enter(const char* function, const std::wstring& detail = {}) {
  LogCall(function, detail);
  return InjectedFailure(function);
}

SECURITY_STATUS CopyOut(const void* value, std::size_t size, BYTE* out, DWORD capacity, DWORD* needed) {
  *needed = static_cast<DWORD>(size);
  if (out == nullptr) return ERROR_SUCCESS;
  if (capacity < size) return NTE_BUFFER_TOO_SMALL;
  std::memcpy(out, value, size);
  return ERROR_SUCCESS;
}

SECURITY_STATUS CopyOut(DWORD value, BYTE* out, DWORD capacity, DWORD* needed) {
  return CopyOut(&value, sizeof(value), out, capacity, needed);
}

SECURITY_STATUS CopyOut(const std::wstring& value, BYTE* out, DWORD capacity, DWORD* needed) {
  return CopyOut(value.c_str(), (value.size() + 1) * sizeof(wchar_t), out, capacity, needed);
}

// For as long as the process lives: certificates that name the key hold no reference.
NCRYPT_KEY_HANDLE OpenForEver(const std::wstring& name) {
  Handles& handles = AllHandles();
  const std::lock_guard<std::recursive_mutex> lock(handles.mutex);
  std::shared_ptr<ContainerKey> key;
  if (ContainerKey::Open(name, key) != ERROR_SUCCESS) return 0;
  const NCRYPT_KEY_HANDLE handle = key->handle();
  handles.keys[handle] = std::move(key);
  return handle;
}

void PatchSystemLibraries() {
  static std::once_flag once;
  std::call_once(once, [] {
    InstallStoreFaults();
    if (IsSet(L"KEYGUARD_SIM_RENEGOTIATE")) LogCall("renegotiation", InstallRenegotiation() ? L"on" : L"unavailable");
    if (IsSet(L"KEYGUARD_SIM_DOTNET")) LogCall(".NET", InstallDotNetSupport(&OpenForEver) ? L"on" : L"unavailable");
    if (IsSet(L"KEYGUARD_SIM_TLS13")) LogCall("TLS 1.3", InstallTls13() ? L"on" : L"unavailable");
  });
}

}  // namespace
}  // namespace keyguard_sim

using namespace keyguard_sim;

RIG_EXPORT SECURITY_STATUS WINAPI NCryptOpenStorageProvider(NCRYPT_PROV_HANDLE* provider, LPCWSTR name, DWORD) {
  if (const SECURITY_STATUS failure = Enter("NCryptOpenStorageProvider", name == nullptr ? L"" : name)) return failure;
  if (provider == nullptr) return NTE_INVALID_PARAMETER;
  if (name != nullptr && std::wcscmp(name, MS_KEY_STORAGE_PROVIDER) != 0) return NTE_PROV_TYPE_NOT_DEF;
  PatchSystemLibraries();
  Handles& handles = AllHandles();
  const std::lock_guard<std::recursive_mutex> lock(handles.mutex);
  *provider = handles.NewProvider();
  return ERROR_SUCCESS;
}

RIG_EXPORT SECURITY_STATUS WINAPI NCryptCreatePersistedKey(NCRYPT_PROV_HANDLE provider, NCRYPT_KEY_HANDLE* key,
                                                           LPCWSTR algorithm, LPCWSTR name, DWORD, DWORD flags) {
  const std::wstring wanted = name == nullptr ? L"" : name;
  if (const SECURITY_STATUS failure = Enter("NCryptCreatePersistedKey", wanted + L" flags=" + std::to_wstring(flags))) {
    return failure;
  }
  Handles& handles = AllHandles();
  const std::lock_guard<std::recursive_mutex> lock(handles.mutex);
  if (handles.providers.count(provider) == 0) return NTE_INVALID_HANDLE;
  if (key == nullptr || algorithm == nullptr) return NTE_INVALID_PARAMETER;
  if (std::wcscmp(algorithm, BCRYPT_RSA_ALGORITHM) != 0) return NTE_NOT_SUPPORTED;
  if ((flags & kVirtualIsolationFlag) != 0 && IsSet(L"KEYGUARD_SIM_NO_VBS")) return RIG_NTE_VBS_UNAVAILABLE;
  if (!wanted.empty() && (flags & NCRYPT_OVERWRITE_KEY_FLAG) == 0 && ContainerKey::Exists(wanted)) return NTE_EXISTS;
  std::shared_ptr<ContainerKey> created;
  if (const SECURITY_STATUS failure = ContainerKey::Create(wanted, flags, created)) return failure;
  *key = created->handle();
  handles.keys[*key] = std::move(created);
  return ERROR_SUCCESS;
}

RIG_EXPORT SECURITY_STATUS WINAPI NCryptFinalizeKey(NCRYPT_KEY_HANDLE handle, DWORD) {
  if (const SECURITY_STATUS failure = Enter("NCryptFinalizeKey")) return failure;
  Handles& handles = AllHandles();
  const std::lock_guard<std::recursive_mutex> lock(handles.mutex);
  const auto key = handles.Key(handle);
  return key == nullptr ? NTE_INVALID_HANDLE : key->Finalize();
}

RIG_EXPORT SECURITY_STATUS WINAPI NCryptOpenKey(NCRYPT_PROV_HANDLE provider, NCRYPT_KEY_HANDLE* key, LPCWSTR name,
                                                DWORD, DWORD) {
  if (const SECURITY_STATUS failure = Enter("NCryptOpenKey", name == nullptr ? L"" : name)) return failure;
  Handles& handles = AllHandles();
  const std::lock_guard<std::recursive_mutex> lock(handles.mutex);
  if (handles.providers.count(provider) == 0) return NTE_INVALID_HANDLE;
  if (key == nullptr || name == nullptr) return NTE_INVALID_PARAMETER;
  std::shared_ptr<ContainerKey> opened;
  if (const SECURITY_STATUS failure = ContainerKey::Open(name, opened)) return failure;
  *key = opened->handle();
  handles.keys[*key] = std::move(opened);
  return ERROR_SUCCESS;
}

RIG_EXPORT SECURITY_STATUS WINAPI NCryptSetProperty(NCRYPT_HANDLE handle, LPCWSTR name, PBYTE value, DWORD size,
                                                    DWORD) {
  if (const SECURITY_STATUS failure = Enter("NCryptSetProperty", name == nullptr ? L"" : name)) return failure;
  Handles& handles = AllHandles();
  const std::lock_guard<std::recursive_mutex> lock(handles.mutex);
  const auto key = handles.Key(handle);
  if (key == nullptr) return NTE_INVALID_HANDLE;
  if (name == nullptr || value == nullptr || size < sizeof(DWORD)) return NTE_INVALID_PARAMETER;
  DWORD number = 0;
  std::memcpy(&number, value, sizeof(number));
  if (std::wcscmp(name, NCRYPT_LENGTH_PROPERTY) == 0) {
    if (key->is_finalized()) return NTE_INVALID_HANDLE;
    key->bits = number;
    return ERROR_SUCCESS;
  }
  if (std::wcscmp(name, NCRYPT_EXPORT_POLICY_PROPERTY) == 0) {
    key->export_policy = number;
    return ERROR_SUCCESS;
  }
  if (std::wcscmp(name, NCRYPT_KEY_USAGE_PROPERTY) == 0)
    return ERROR_SUCCESS;  // whatever the use, these keys only sign
  return NTE_NOT_SUPPORTED;
}

RIG_EXPORT SECURITY_STATUS WINAPI NCryptGetProperty(NCRYPT_HANDLE handle, LPCWSTR name, PBYTE out, DWORD capacity,
                                                    DWORD* needed, DWORD) {
  if (const SECURITY_STATUS failure = Enter("NCryptGetProperty", name == nullptr ? L"" : name)) return failure;
  Handles& handles = AllHandles();
  const std::lock_guard<std::recursive_mutex> lock(handles.mutex);
  if (name == nullptr || needed == nullptr) return NTE_INVALID_PARAMETER;
  const std::wstring property = name;
  if (handles.providers.count(handle) != 0) {
    if (property != NCRYPT_NAME_PROPERTY) return NTE_NOT_SUPPORTED;
    return CopyOut(std::wstring(MS_KEY_STORAGE_PROVIDER), out, capacity, needed);
  }
  const auto key = handles.Key(handle);
  if (key == nullptr) return NTE_INVALID_HANDLE;
  if (property == NCRYPT_PROVIDER_HANDLE_PROPERTY) {
    const NCRYPT_PROV_HANDLE provider = out == nullptr ? 0 : handles.NewProvider();
    return CopyOut(&provider, sizeof(provider), out, capacity, needed);
  }
  if (property == L"Virtual Iso") {
    if (!key->is_isolated()) return NTE_NOT_FOUND;
    return CopyOut(Setting(L"KEYGUARD_SIM_VIRTUAL_ISO") == L"0" ? 0 : 1, out, capacity, needed);
  }
  if (property == NCRYPT_LENGTH_PROPERTY) return CopyOut(key->bits, out, capacity, needed);
  if (property == NCRYPT_EXPORT_POLICY_PROPERTY) return CopyOut(key->export_policy, out, capacity, needed);
  if (property == NCRYPT_NAME_PROPERTY || property == NCRYPT_UNIQUE_NAME_PROPERTY) {
    return CopyOut(key->name(), out, capacity, needed);
  }
  if (property == NCRYPT_ALGORITHM_PROPERTY || property == NCRYPT_ALGORITHM_GROUP_PROPERTY) {
    return CopyOut(std::wstring(L"RSA"), out, capacity, needed);
  }
  return NTE_NOT_FOUND;
}

RIG_EXPORT SECURITY_STATUS WINAPI NCryptExportKey(NCRYPT_KEY_HANDLE handle, NCRYPT_KEY_HANDLE, LPCWSTR blob_type,
                                                  NCryptBufferDesc*, PBYTE out, DWORD capacity, DWORD* needed, DWORD) {
  if (const SECURITY_STATUS failure = Enter("NCryptExportKey", blob_type == nullptr ? L"" : blob_type)) return failure;
  Handles& handles = AllHandles();
  const std::lock_guard<std::recursive_mutex> lock(handles.mutex);
  const auto key = handles.Key(handle);
  if (key == nullptr || !key->is_finalized()) return NTE_INVALID_HANDLE;
  if (blob_type == nullptr || needed == nullptr) return NTE_INVALID_PARAMETER;
  const bool is_public = std::wcscmp(blob_type, BCRYPT_RSAPUBLIC_BLOB) == 0;
  if (!is_public && (key->export_policy & NCRYPT_ALLOW_PLAINTEXT_EXPORT_FLAG) == 0) return NTE_NOT_SUPPORTED;
  Bytes blob;
  if (const SECURITY_STATUS failure = key->Export(blob_type, blob)) return failure;
  return CopyOut(blob.data(), blob.size(), out, capacity, needed);
}

RIG_EXPORT SECURITY_STATUS WINAPI NCryptSignHash(NCRYPT_KEY_HANDLE handle, VOID* padding, PBYTE digest,
                                                 DWORD digest_size, PBYTE signature, DWORD capacity, DWORD* needed,
                                                 DWORD flags) {
  if (const SECURITY_STATUS failure = Enter("NCryptSignHash", L"flags=" + std::to_wstring(flags))) return failure;
  Handles& handles = AllHandles();
  const std::lock_guard<std::recursive_mutex> lock(handles.mutex);
  const auto key = handles.Key(handle);
  if (key == nullptr) return NTE_INVALID_HANDLE;
  return key->Sign(padding, Bytes(digest, digest + digest_size), signature, capacity, needed, flags);
}

RIG_EXPORT SECURITY_STATUS WINAPI NCryptDeleteKey(NCRYPT_KEY_HANDLE handle, DWORD) {
  if (const SECURITY_STATUS failure = Enter("NCryptDeleteKey")) return failure;
  Handles& handles = AllHandles();
  const std::lock_guard<std::recursive_mutex> lock(handles.mutex);
  const auto key = handles.Key(handle);
  if (key == nullptr) return NTE_INVALID_HANDLE;
  handles.keys.erase(handle);
  return key->Delete();
}

RIG_EXPORT SECURITY_STATUS WINAPI NCryptFreeObject(NCRYPT_HANDLE handle) {
  LogCall("NCryptFreeObject", {});
  Handles& handles = AllHandles();
  const std::lock_guard<std::recursive_mutex> lock(handles.mutex);
  const bool known = handles.providers.erase(handle) + handles.keys.erase(handle) > 0;
  return known ? ERROR_SUCCESS : NTE_INVALID_HANDLE;
}

RIG_EXPORT BOOL WINAPI NCryptIsKeyHandle(NCRYPT_KEY_HANDLE handle) {
  Handles& handles = AllHandles();
  const std::lock_guard<std::recursive_mutex> lock(handles.mutex);
  return handles.Key(handle) != nullptr;
}

RIG_EXPORT SECURITY_STATUS WINAPI NCryptFreeBuffer(PVOID) { return ERROR_SUCCESS; }

// By which a test can tell that this library is the one in use.
RIG_EXPORT int WINAPI KeyGuardSimMarker() { return 1; }
