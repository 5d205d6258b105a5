// What `zstd -19` makes of a tar with an index.json and 300 numbered lines in `blob`: compressed blocks, which zstd-writer.ts does not make.

export const compressedTar = Buffer.from(
  `KLUv/WQAJ20OAKbkSRmQq9AYK+K5qmDv2+7uYG8pt5RJQenfd0ACXgA4ADYAo2jHCjkbRTujkLNRtFOFnI2iHSrkbBTtXMjZKNqxkLNRNMDAIm
FAIaAwWChUFCgcJGjm0G1iYJEwkIiASDQsFgsziQWBBgaHxCgSN0NOYp5ElU1CYcGAEPBQQKBwEMPhcDgsy7Isy7IsS5IkSZIkSZLc3d3d3VVV
VVVVHcdxHMdxHMdCzkbRTinkbBTtkELORtHOFXIW/////7u7u7u7z/M8z/M8z3OxWCwWi8VisUgkEolEIpFIJJ7neZ7neZ6naZqmaZqmaQ6Hw+
EwQ+VyuVwul8vlMplMJpPJZDKZfN/3fd/3fd+2bdu2bdu2PR6Px+PxeDwe13Vd13Vd1zVN0zRN0zRN/wGBPqghTLikTloDkStIipUxIgggEARG
IAgSEPi8isqvpDUnAlrAfnZqjeCzNY5zZZZnaZzHyjzL0jmOtWmWrXGcS9M8U+MhgzSQ/lE+qkfz6B1VR3MUTr/3rabtvUTHe0bvu0TO80zfW4
mO96xed4mcN3HJUEeOenIU+YpkWo1p/eeTpgEA1lSf0E4kCAD/IWA4gHunAijt51kPABiAKQBm4YUK3yrpQA==`,
  'base64',
);
