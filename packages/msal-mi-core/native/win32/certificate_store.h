// CurrentUser\My. Which entries are ours, and what their friendly names mean, is decided above this file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "named_key.h"

namespace msal_mi {

struct StoreEntry {
  std::vector<std::uint8_t> certificate;  // DER
  std::u16string friendly_name;
  std::u16string key_name;  // empty when the entry names no key
};

// Entries whose friendly name starts with `prefix`, compared by code unit.
std::vector<StoreEntry> ListCertificates(const std::u16string& prefix);

// Adds the certificate, or replaces the properties of the same one. The entry names its key and never carries a handle.
void AddCertificate(const std::vector<std::uint8_t>& certificate, const std::u16string& friendly_name,
                    const NamedKey& key);

// Deletes entries whose friendly name starts with `prefix` and whose DER is one of `certificates`. Returns how many.
std::uint32_t DeleteCertificates(const std::u16string& prefix,
                                 const std::vector<std::vector<std::uint8_t>>& certificates);

}  // namespace msal_mi
