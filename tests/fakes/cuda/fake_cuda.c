/* SPDX-License-Identifier: Apache-2.0
 *
 * A libcuda.so.1 that knows one thing: it is of CUDA 11.4. */
__attribute__((visibility("default"))) int cuDriverGetVersion(int* version);

int cuDriverGetVersion(int* version) {
  *version = 11040;
  return 0;
}
