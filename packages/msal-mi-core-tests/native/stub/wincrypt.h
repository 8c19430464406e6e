#pragma once

#include "windows.h"

struct CERT_CONTEXT {
  DWORD dwCertEncodingType;
};
using PCCERT_CONTEXT = const CERT_CONTEXT*;

BOOL CertFreeCertificateContext(PCCERT_CONTEXT);
