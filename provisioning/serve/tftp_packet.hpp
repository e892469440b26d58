// SPDX-License-Identifier: MIT
// The datagrams of TFTP (RFC 1350) with the options of RFC 2347: read from any bytes, and written.
#pragma once

#include "provisioning/base/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace serve {

/// RFC 1350 section 5, RFC 2347.
enum class TftpOpcode : std::uint16_t { rrq = 1, wrq, data, ack, error, oack };

/// RFC 1350 appendix I; those that we send.
enum class TftpError : std::uint16_t {
    not_found = 1,
    access_violation = 2,
    illegal_operation = 4,
    unknown_transfer_id = 5,
};

constexpr std::size_t tftp_most_request = 512; ///< octets of a request, RFC 2347
constexpr std::size_t tftp_most_name = 128;    ///< octets of a name that is looked for
constexpr std::size_t tftp_header = 4;         ///< opcode and block number
constexpr std::size_t tftp_block = 512;        ///< octets of data where no blksize is agreed

/// A read request. Options whose values are outside of their RFC's bounds, options that are not
/// known and repeated ones are not here: RFC 2347 has the answer leave out what is not accepted.
struct TftpRead {
    std::string name; ///< as it was asked for
    bool netascii = false;
    std::optional<std::size_t> block_size;       ///< 8 to 65464, RFC 2348
    std::optional<std::chrono::seconds> timeout; ///< 1 to 255, RFC 2349
    bool wants_size = false;                     ///< tsize, RFC 2349
};

/// Nothing for what is too short or has none of the six.
std::optional<TftpOpcode> tftp_opcode(std::string_view datagram) noexcept;

/// Of a datagram with the opcode rrq. The error says, for the log, what is wrong with it; it is
/// answered by illegal_operation.
base::Result<TftpRead> read_tftp_read(std::string_view datagram);

/// The block number of an ACK; nothing for any other datagram.
std::optional<std::uint16_t> read_tftp_ack(std::string_view datagram) noexcept;

/// The name without the slashes in front of it, printable ASCII; an error for names that no file of
/// ours has: empty ones, those over 128 octets, with "..", a backslash or any other character.
base::Result<std::string> clean_tftp_name(std::string_view name);

/// As RFC 1350 wants it of RFC 764: LF goes as CR LF and CR as CR NUL, which the other end turns
/// back into the same octets.
std::string to_netascii(std::string_view text);

std::string write_tftp_data(std::uint16_t block, std::string_view octets);
std::string write_tftp_oack(const std::vector<std::pair<std::string, std::string>>& options);
/// The same bytes for every reason that a code has.
std::string write_tftp_error(TftpError code);

} // namespace serve
