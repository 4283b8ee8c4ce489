/* SPDX-License-Identifier: Apache-2.0
 * A low-level runtime that does nothing, so that only the way to its exec is timed. */
int main(void) {
  return 0;
}
