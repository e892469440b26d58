// SPDX-License-Identifier: MIT
// A module of FreeSWITCH's that was loaded before ours: nothing of it counts but its name.
