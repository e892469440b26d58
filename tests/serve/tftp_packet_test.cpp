// SPDX-License-Identifier: MIT
// The datagrams of TFTP, as they are read and as they are written.
#include "provisioning/serve/tftp_packet.hpp"

#include <gtest/gtest.h>

namespace {

using namespace std::string_literals;
using serve::clean_tftp_name;
using serve::read_tftp_ack;
using serve::read_tftp_read;
using std::chrono::seconds;

serve::TftpRead read(const std::string& behind_opcode) {
    const auto read = read_tftp_read("\0\1"s + behind_opcode);
    EXPECT_TRUE(read) << read.error().what;
    return read ? *read : serve::TftpRead{};
}

std::string why_not(const std::string& datagram) {
    const auto read = read_tftp_read(datagram);
    return read ? "it is one" : read.error().what;
}

TEST(TftpRead, HasANameAndAMode) {
    const auto octet = read("KX-UT670.cfg\0octet\0"s);
    EXPECT_EQ(octet.name, "KX-UT670.cfg");
    EXPECT_FALSE(octet.netascii);
    EXPECT_FALSE(octet.block_size || octet.timeout || octet.wants_size);
    EXPECT_TRUE(read("a\0NetASCII\0"s).netascii) << "RFC 1350 section 5: in any case";
    EXPECT_EQ(read("\0octet\0"s).name, "") << "no file has that name, and yet it is a request";
}

TEST(TftpRead, HasOptionsInAnyCase) {
    const auto all = read("a\0octet\0BlkSize\0"
                          "1428\0TIMEOUT\0"
                          "3\0tsize\0"
                          "0\0"s);
    EXPECT_EQ(all.block_size, 1428U);
    EXPECT_EQ(all.timeout, seconds(3));
    EXPECT_TRUE(all.wants_size);
}

TEST(TftpRead, PassesOverOptionsThatItsRfcsDoNotAllow) {
    const auto block_size = [](const std::string& value) {
        return read("a\0octet\0blksize\0"s + value + '\0').block_size;
    };
    EXPECT_EQ(block_size("8"), 8U);
    EXPECT_EQ(block_size("65464"), 65464U);
    for (const auto* value :
         {"7", "0", "65465", "99999999999999999999", "-8", "+8", "", "8 ", "8k"}) {
        EXPECT_FALSE(block_size(value)) << value;
    }
    const auto timeout = [](const std::string& value) {
        return read("a\0octet\0timeout\0"s + value + '\0').timeout;
    };
    EXPECT_EQ(timeout("1"), seconds(1));
    EXPECT_EQ(timeout("255"), seconds(255));
    EXPECT_FALSE(timeout("0"));
    EXPECT_FALSE(timeout("256"));
    EXPECT_FALSE(timeout("1.5"));
    EXPECT_FALSE(read("a\0octet\0tsize\0many\0"s).wants_size);
    EXPECT_FALSE(read("a\0octet\0windowsize\0"
                      "16\0"s)
                     .block_size);
}

TEST(TftpRead, TakesTheFirstOfRepeatedOptionsAndWhatIsWhole) {
    EXPECT_EQ(read("a\0octet\0blksize\0"
                   "100\0blksize\0"
                   "200\0"s)
                  .block_size,
              100U);
    EXPECT_EQ(read("a\0octet\0blksize\0"
                   "100\0tsize"s)
                  .block_size,
              100U);
    EXPECT_FALSE(read("a\0octet\0blksize\0"
                      "100"s)
                     .block_size);
    EXPECT_EQ(read("a\0octet\0\0\0\0"s).name, "a");
}

TEST(TftpRead, MalformedOnesSayWhatIsWrong) {
    EXPECT_EQ(why_not(""s), "no read request");
    EXPECT_EQ(why_not("\0\2a\0octet\0"s), "no read request");
    EXPECT_EQ(why_not("\0\1"s), "a request without the NUL behind its name and its mode");
    EXPECT_EQ(why_not("\0\1a"s), "a request without the NUL behind its name and its mode");
    EXPECT_EQ(why_not("\0\1a\0octet"s), "a request without the NUL behind its name and its mode");
    EXPECT_EQ(why_not("\0\1a\0mail\0"s), "mode mail instead of octet or netascii");
    EXPECT_EQ(why_not("\0\1a\0\n\0"s).find('\n'), std::string::npos);
    const auto whole = "\0\1"s + std::string(503, 'a') + "\0octet\0"s;
    ASSERT_EQ(whole.size(), 512U);
    EXPECT_EQ(why_not(whole), "it is one");
    EXPECT_EQ(why_not("\0\1a"s + whole.substr(2)), "a request of more than 512 octets");
}

TEST(TftpAck, HasABlockNumber) {
    EXPECT_EQ(read_tftp_ack("\0\4\0\0"s), 0);
    EXPECT_EQ(read_tftp_ack("\0\4\xFF\xFE"s), 65534);
    EXPECT_EQ(read_tftp_ack("\0\4\1\2padding"s), 258);
    EXPECT_FALSE(read_tftp_ack("\0\4\0"s));
    EXPECT_FALSE(read_tftp_ack("\0\3\0\1"s));
    EXPECT_FALSE(read_tftp_ack(""s));
}

TEST(TftpName, IsTheSameWithAndWithoutSlashesInFront) {
    EXPECT_EQ(*clean_tftp_name("KX-UT670.cfg"), "KX-UT670.cfg");
    EXPECT_EQ(*clean_tftp_name("/KX-UT670.cfg"), "KX-UT670.cfg");
    EXPECT_EQ(*clean_tftp_name("//a/b.cfg"), "a/b.cfg");
    EXPECT_EQ(clean_tftp_name(std::string(128, 'a'))->size(), 128U);
}

TEST(TftpName, IsRefusedWhereNoFileHasIt) {
    for (const auto& name :
         {""s, "/"s, "../etc/passwd"s, "a/../b"s, "a..b"s, "..\\a"s, "C:\\a"s, "a\nb"s, "a b"s,
          "a\x7F"s, "\xC3\xA4"s, "a\0b"s, std::string(129, 'a'), "/"s + std::string(128, 'a')}) {
        EXPECT_FALSE(clean_tftp_name(name)) << name;
    }
}

TEST(TftpWriter, WritesWhatRfc1350And2347Show) {
    EXPECT_EQ(serve::write_tftp_data(258, "abc"), "\0\3\1\2abc"s);
    EXPECT_EQ(serve::write_tftp_data(0, ""), "\0\3\0\0"s);
    EXPECT_EQ(serve::write_tftp_oack({{"blksize", "1468"}, {"tsize", "5"}}), "\0\6blksize\0"
                                                                             "1468\0tsize\0"
                                                                             "5\0"s);
    EXPECT_EQ(serve::write_tftp_error(serve::TftpError::not_found), "\0\5\0\1File not found\0"s);
    EXPECT_EQ(serve::write_tftp_error(serve::TftpError::access_violation),
              "\0\5\0\2Access violation\0"s);
    EXPECT_EQ(serve::write_tftp_error(serve::TftpError::illegal_operation),
              "\0\5\0\4Illegal TFTP operation\0"s);
    EXPECT_EQ(serve::write_tftp_error(serve::TftpError::unknown_transfer_id),
              "\0\5\0\5Unknown transfer ID\0"s);
}

TEST(TftpWriter, NetasciiHasTwoOctetsForEachEndOfALine) {
    EXPECT_EQ(serve::to_netascii("a\nb\n"), "a\r\nb\r\n");
    EXPECT_EQ(serve::to_netascii("a\rb"), "a\r\0b"s);
    EXPECT_EQ(serve::to_netascii("a\r\n"), "a\r\0\r\n"s) << "and comes out as CR LF again";
    EXPECT_EQ(serve::to_netascii(""), "");
}

} // namespace
