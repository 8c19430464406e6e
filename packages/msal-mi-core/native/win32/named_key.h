// A key by name: how keys are referred to everywhere outside of the file that opens one.
#pragma once

#include <string>

namespace msal_mi {

struct NamedKey {
  std::u16string provider_name;
  std::u16string key_name;
  bool machine_scope = false;
};

}  // namespace msal_mi
