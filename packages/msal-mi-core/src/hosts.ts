/** Names that more than one part of the product knows. */

/** Where a VM finds its metadata service. */
export const IMDS_ADDRESS = 'http://169.254.169.254';
/** The environment variable that switches version 2 of IMDS off (D32). */
export const DISABLE_IMDS_V2 = 'MSAL_MI_DISABLE_IMDS_V2';
