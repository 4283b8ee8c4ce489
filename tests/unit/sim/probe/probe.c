/* SPDX-License-Identifier: Apache-2.0 */
/* A library with a SONAME, for the sim backend to read. */
extern int simprobe;
int simprobe = 7;
