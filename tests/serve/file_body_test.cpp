// SPDX-License-Identifier: MIT
// Files that are read from the disk while they are sent: pieces, ranges, and files that change.
#include "provisioning/serve/file_body.hpp"
#include "provisioning/serve/http.hpp"

#include "client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using serve::FileBody;
using serve::Http;
using serve::HttpLimits;
using serve::Request;
using serve::Response;
using serve_test::Client;
using serve_test::until;
using testing::HasSubstr;

constexpr base::Endpoint loopback{base::Ipv4{INADDR_LOOPBACK}, 0};
constexpr std::size_t large = 3 * FileBody::largest_piece + 1234;

/// No two of its pieces are equal.
std::string content(std::size_t size) {
    std::string bytes;
    for (std::size_t i = 0; bytes.size() < size; ++i) {
        bytes += std::to_string(i) + ' ';
    }
    bytes.resize(size);
    return bytes;
}

class FileBodyTest : public testing::Test {
  protected:
    FileBodyTest() {
        std::string pattern = testing::TempDir() + "body-XXXXXX";
        folder = ::mkdtemp(pattern.data());
        write("image", content(large));
    }

    ~FileBodyTest() override {
        std::error_code ignored;
        std::filesystem::remove_all(folder, ignored);
    }

    FileBodyTest(const FileBodyTest&) = delete;
    FileBodyTest& operator=(const FileBodyTest&) = delete;

    void write(const std::string& name, const std::string& bytes) const {
        std::ofstream(folder + "/" + name, std::ios::binary) << bytes;
    }

    void start(HttpLimits limits = {}) {
        http = std::make_unique<Http>(loop, limits, [this](const Request&) {
            Response response;
            if (auto body = FileBody::open(folder, "image")) {
                response.status = 200;
                response.content_type = "application/octet-stream";
                response.last_modified = (*body)->modified();
                response.file = std::move(*body);
            }
            return response;
        });
        const auto errors = http->listen({loopback});
        ASSERT_TRUE(errors.empty()) << errors[0].what;
        server = http->listening().at(0);
    }

    serve_test::Answer ask(const std::string& fields, const std::string& method = "GET") {
        Client client(loop, server);
        return client.ask(method + " /image HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n",
                          method == "HEAD");
    }

    std::string folder;
    base::Loop loop;
    std::unique_ptr<Http> http;
    base::Endpoint server;
};

TEST_F(FileBodyTest, ReadsWhatIsThere) {
    const auto body = FileBody::open(folder, "image");
    ASSERT_TRUE(body) << body.error().what;
    EXPECT_EQ((*body)->size(), large);
    EXPECT_EQ(*(*body)->read(100, 50), content(large).substr(100, 50));
    EXPECT_FALSE((*body)->read(large - 1, 2));
}

TEST_F(FileBodyTest, OpensRegularFilesOfItsFolderOnly) {
    ASSERT_EQ(::symlink("/etc/passwd", (folder + "/link").c_str()), 0);
    ASSERT_EQ(::symlink("image", (folder + "/near").c_str()), 0);
    ASSERT_EQ(::mkdir((folder + "/sub").c_str(), 0700), 0);
    ASSERT_EQ(::mkfifo((folder + "/pipe").c_str(), 0600), 0);
    write("sub/image", "x");
    for (const std::string name : {"link", "near", "sub", "pipe", "sub/image", "../passwd",
                                   "/etc/passwd", "", ".", "..", "none"}) {
        EXPECT_FALSE(FileBody::open(folder, name)) << name;
    }
    EXPECT_THAT(FileBody::open(folder, "link").error().what, HasSubstr("symbolic link"));
}

TEST_F(FileBodyTest, AnEmptyImageThatAFullDiskLeftIsNone) {
    write("empty", "");
    const auto body = FileBody::open(folder, "empty");
    ASSERT_FALSE(body) << "phones would be told to take it";
    EXPECT_THAT(body.error().what, HasSubstr("is empty; copy it again"));
}

TEST_F(FileBodyTest, HasAnotherTagOnceTheFileIsAnother) {
    const auto tag = (*FileBody::open(folder, "image"))->etag();
    EXPECT_EQ((*FileBody::open(folder, "image"))->etag(), tag);
    write("fresh", content(large)); // the same bytes and size, in another inode
    std::filesystem::rename(folder + "/fresh", folder + "/image");
    EXPECT_NE((*FileBody::open(folder, "image"))->etag(), tag);
    const auto second = (*FileBody::open(folder, "image"))->etag();
    const timespec times[2] = {{1'700'000'000, 1}, {1'700'000'000, 1}};
    ASSERT_EQ(::utimensat(AT_FDCWD, (folder + "/image").c_str(), times, 0), 0);
    EXPECT_NE((*FileBody::open(folder, "image"))->etag(), second);
}

TEST_F(FileBodyTest, IsSentInPieces) {
    start();
    for (const std::string version : {"1.1", "1.0"}) {
        Client client(loop, server);
        const auto answer = client.ask("GET /image HTTP/" + version + "\r\nHost: a\r\n\r\n");
        EXPECT_EQ(answer.status, 200);
        EXPECT_EQ(answer.field("Content-Type"), "application/octet-stream");
        EXPECT_EQ(answer.field("Content-Length"), std::to_string(large));
        EXPECT_FALSE(answer.field("Last-Modified").empty());
        EXPECT_TRUE(answer.body == content(large));
        if (version == "1.0") {
            EXPECT_TRUE(client.closed_by_server());
        } else {
            EXPECT_TRUE(client.ask("GET /image HTTP/1.1\r\nHost: a\r\n\r\n").body ==
                        content(large));
        }
    }
    EXPECT_EQ(http->counters().file_bytes, 3 * large);
    EXPECT_EQ(http->counters().downloads, 0U);
}

TEST_F(FileBodyTest, TellsHeadWhatAGetWouldGet) {
    start();
    const auto of_get = ask("");
    const auto of_head = ask("", "HEAD");
    EXPECT_EQ(of_head.field("Content-Length"), std::to_string(large));
    EXPECT_EQ(of_head.field("ETag"), of_get.field("ETag"));
    EXPECT_EQ(http->counters().file_bytes, large);
}

TEST_F(FileBodyTest, GivesRanges) {
    start();
    const auto all = content(large);
    const auto tag = ask("", "HEAD").field("ETag");
    const auto from = std::to_string(FileBody::largest_piece - 3);
    const auto part = ask("Range: bytes=" + from + "-150000\r\n");
    EXPECT_EQ(part.status, 206);
    EXPECT_EQ(part.field("Content-Range"), "bytes " + from + "-150000/" + std::to_string(large));
    EXPECT_TRUE(part.body ==
                all.substr(FileBody::largest_piece - 3, 150001 - (FileBody::largest_piece - 3)));
    EXPECT_TRUE(ask("Range: bytes=-5\r\n").body == all.substr(large - 5));
    EXPECT_TRUE(ask("Range: bytes=190000-\r\n").body == all.substr(190000));
    EXPECT_EQ(ask("Range: bytes=" + std::to_string(large) + "-\r\n").status, 416);
    const auto same = ask("Range: bytes=0-9\r\nIf-Range: " + tag + "\r\n");
    EXPECT_EQ(same.status, 206);
    const auto another = ask("Range: bytes=0-9\r\nIf-Range: \"another\"\r\n");
    EXPECT_EQ(another.status, 200);
    EXPECT_EQ(another.body.size(), large);
    EXPECT_EQ(ask("If-None-Match: " + tag + "\r\n").status, 304);
}

TEST_F(FileBodyTest, EndsTheConnectionWhenTheFileIsCutShort) {
    write("image", content(20U << 20U));
    start();
    Client client(loop, server, loopback.address, 4096);
    client.send("GET /image HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(until(loop, [&] { return http->counters().file_bytes > 0; }));
    std::filesystem::resize_file(folder + "/image", 1000);
    const auto answer = client.read();
    EXPECT_EQ(answer.status, 200);
    EXPECT_LT(answer.body.size(), 20U << 20U);
    EXPECT_TRUE(answer.body == content(20U << 20U).substr(0, answer.body.size()))
        << "nothing but bytes of the file";
    EXPECT_TRUE(client.is_over());
    EXPECT_EQ(http->counters().downloads, 0U);
}

TEST_F(FileBodyTest, EndsTheConnectionWhenTheFileIsWrittenOver) {
    write("image", content(20U << 20U));
    start();
    Client client(loop, server, loopback.address, 4096);
    client.send("GET /image HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(until(loop, [&] { return http->counters().file_bytes > 0; }));
    write("image", std::string(20U << 20U, 'x'));
    const auto answer = client.read();
    EXPECT_EQ(answer.body.find('x'), std::string::npos);
    EXPECT_LT(answer.body.size(), 20U << 20U);
}

TEST_F(FileBodyTest, SendsTheOldFileToItsEndWhenItIsReplaced) {
    write("image", content(20U << 20U));
    start();
    Client client(loop, server, loopback.address, 4096);
    client.send("GET /image HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(until(loop, [&] { return http->counters().file_bytes > 0; }));
    write("fresh", "new");
    std::filesystem::rename(folder + "/fresh", folder + "/image");
    EXPECT_TRUE(client.read().body == content(20U << 20U));
}

// A slow phone takes minutes for 60 MB: the time to write is for each piece.
TEST_F(FileBodyTest, HasTimeAsLongAsItMoves) {
    constexpr std::size_t size = 24U << 20U;
    write("image", content(size));
    HttpLimits limits;
    limits.write_deadline = std::chrono::milliseconds(500);
    start(limits);
    Client client(loop, server, loopback.address, 65536);
    const auto begin = std::chrono::steady_clock::now();
    client.send("GET /image HTTP/1.1\r\nHost: a\r\n\r\n");
    while (http->counters().file_bytes < size && !client.is_over()) {
        loop.step(std::chrono::milliseconds(1));
        ::usleep(100'000);
    }
    EXPECT_EQ(client.read().body.size(), size);
    EXPECT_GT(std::chrono::steady_clock::now() - begin, limits.write_deadline);
    EXPECT_EQ(http->counters().timeouts, 0U);
}

TEST_F(FileBodyTest, HasNoTimeWhereNothingMoves) {
    write("image", content(20U << 20U));
    HttpLimits limits;
    limits.write_deadline = std::chrono::milliseconds(50);
    start(limits);
    Client client(loop, server, loopback.address, 4096);
    client.send("GET /image HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(until(loop, [&] { return http->counters().timeouts == 1; }));
    EXPECT_EQ(http->counters().open, 0U);
    EXPECT_EQ(http->counters().downloads, 0U);
}

TEST_F(FileBodyTest, HasNoPlaceForWhoReadsATrickle) {
    write("image", content(20U << 20U));
    HttpLimits limits;
    limits.least_rate = 1ULL << 40U;
    limits.least_rate_after = {};
    start(limits);
    Client client(loop, server, loopback.address, 4096);
    client.send("GET /image HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_LT(client.read().body.size(), 20U << 20U);
    EXPECT_EQ(http->counters().timeouts, 1U);
    EXPECT_EQ(http->counters().downloads, 0U);
    EXPECT_LT(http->counters().file_bytes, 20U << 20U) << "what was written, not what was read";
}

TEST_F(FileBodyTest, TellsThoseBeyondTheLimitToComeLater) {
    write("image", content(20U << 20U));
    HttpLimits limits;
    limits.downloads = 1;
    start(limits);
    Client first(loop, server, loopback.address, 4096);
    first.send("GET /image HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(until(loop, [&] { return http->counters().downloads == 1; }));
    const auto second = ask("");
    EXPECT_EQ(second.status, 503);
    EXPECT_FALSE(second.field("Retry-After").empty());
    EXPECT_EQ(ask("", "HEAD").status, 200);
    EXPECT_EQ(first.read().body.size(), 20U << 20U);
    EXPECT_EQ(ask("").status, 200);
}

// The table of connections is full of who downloads: whoever moves keeps its place.
TEST_F(FileBodyTest, IsNotClosedForAnotherWhileItMoves) {
    write("image", content(20U << 20U));
    HttpLimits limits;
    limits.connections = 2;
    start(limits);
    Client phone(loop, server, loopback.address, 4096);
    phone.send("GET /image HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(until(loop, [&] { return http->counters().downloads == 1; }));
    Client idle(loop, server);
    ASSERT_TRUE(until(loop, [&] { return http->counters().open == 2; }));
    EXPECT_EQ(ask("", "HEAD").status, 200);
    EXPECT_TRUE(idle.closed_by_server());
    EXPECT_EQ(phone.read().body.size(), 20U << 20U);
}

} // namespace
