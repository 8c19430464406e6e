#pragma once

#include "windows.h"

struct CERT_CONTEXT {
  DWORD dwCertEncodingType;
};
