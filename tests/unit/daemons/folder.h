#pragma once
// A folder of a test's own, gone with it.

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace adit::daemons::test {

class Folder {
 public:
  Folder() {
    std::string pattern = "/tmp/adit-daemons-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::string& path() const { return path_; }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream{path_ + "/" + name} << text;
    return path_ + "/" + name;
  }

 private:
  std::string path_;
};

}  // namespace adit::daemons::test
