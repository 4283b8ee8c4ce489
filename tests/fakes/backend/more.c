/* SPDX-License-Identifier: Apache-2.0
 * What fake-needs-more is linked with. */
int fake_more;
